import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { SystemCallError } from '../../src/errors.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/sys/shared-memory.ts')),
  ...(await import('../../src/sys/sockets.ts')),
});
const sys = linux ? await load() : ({} as never);

const descriptors = () => readdirSync('/proc/self/fd').length;
/** How many mappings of such memory this process has. */
const mappings = () => readFileSync('/proc/self/maps', 'utf8').split('/memfd:zocalo').length - 1;

describe('shared memory', { skip: linux ? false : 'this memory is that of Linux' }, () => {
  test('begins as zeroes, and two mappings of it see each other', () => {
    const one = sys.SharedMemory.create(100);
    const two = new sys.SharedMemory(sys.duplicate(one.fd), 100);
    const [bytes, same] = [new Uint8Array(one.bytes), new Uint8Array(two.bytes)];
    assert.equal(bytes.length, 100);
    assert.ok(same.every((byte) => byte === 0));
    bytes.set([1, 2, 3], 97);
    assert.deepEqual([...same.subarray(96)], [0, 1, 2, 3]);
    const counter = new Int32Array(two.bytes, 0, 1);
    for (let i = 0; i < 1_000; i++) Atomics.add(counter, 0, 1);
    assert.equal(Atomics.load(new Int32Array(one.bytes, 0, 1), 0), 1_000);
    two.close();
    one.close();
  });

  test('is shared with a process that has its descriptor', () => {
    const memory = sys.SharedMemory.create(16);
    const words = new Int32Array(memory.bytes);
    words[0] = 20;
    const url = new URL('../../src/sys/shared-memory.ts', import.meta.url).href;
    const code = `import { SharedMemory } from ${JSON.stringify(url)};
      const words = new Int32Array(new SharedMemory(3, 16).bytes);
      words[1] = words[0] + 1;`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', code], {
      stdio: ['ignore', 'inherit', 'pipe', memory.fd],
      encoding: 'utf8',
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    // What a process has written stays when it has ended.
    assert.equal(words[1], 21);
    memory.close();
  });

  test('what one gives up the other one keeps, and the last leaves nothing', () => {
    const before = { descriptors: descriptors(), mappings: mappings() };
    const one = sys.SharedMemory.create(100);
    const two = new sys.SharedMemory(sys.duplicate(one.fd), 100);
    new Uint8Array(one.bytes)[0] = 9;
    one.close();
    assert.equal(new Uint8Array(two.bytes)[0], 9);
    two.close();
    assert.deepEqual({ descriptors: descriptors(), mappings: mappings() }, before);
  });

  test('what cannot be mapped or made is an error, and leaves no descriptor', () => {
    const before = descriptors();
    // No memory has a size of 0 (mmap(2)) or less (ftruncate(2)).
    for (const size of [0, -1]) {
      assert.throws(
        () => sys.SharedMemory.create(size),
        (error) => error instanceof SystemCallError && error.errno === 'EINVAL',
      );
    }
    assert.throws(
      () => new sys.SharedMemory(1_000_000_000, 16),
      (error) => error instanceof SystemCallError && error.errno === 'EBADF',
    );
    assert.equal(descriptors(), before);
  });
});
