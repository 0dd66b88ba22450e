import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '../../src/index.ts';

const { EPERM, ENOSYS, EINVAL, ENOMEM, EMFILE, ECANCELED, ENOBUFS } = constants.errno;
const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/sys/io-uring.ts')),
  ...(await import('../../src/sys/io-uring-buffers.ts')),
  ...(await import('../../src/sys/io-uring-files.ts')),
  ...(await import('../../src/sys/message-socket.ts')),
  ...(await import('../../src/sys/eventfd.ts')),
  ...(await import('../../src/sys/memory-address.ts')),
  ...(await import('../../src/sys/sockets.ts')),
  ...(await import('../../src/sys/sockets.ts')),
});
const { IoUring, setupError, ProvidedBuffers, ...sys } = linux ? await load() : ({} as never);

type Ring = InstanceType<typeof IoUring>;
type Completion = { tag: number; generation: number; result: number; flags: number };

/** Takes what is there, and gives it up. */
function take(ring: Ring): Completion[] {
  const count = ring.reap();
  const taken = Array.from({ length: count }, (_, i) => ({
    tag: ring.tag(i),
    generation: ring.generation(i),
    result: ring.result(i),
    flags: ring.flags(i),
  }));
  ring.advance(count);
  return taken;
}

/** Enters a ring until there is nothing more to do, and takes all that completes. */
function finish(ring: Ring): Completion[] {
  const taken: Completion[] = [];
  do {
    ring.enter();
    taken.push(...take(ring));
  } while (ring.wantsEntering);
  return taken;
}

/** Two connected sockets on which operations wait. */
function socketPair(): [number, number] {
  const pair = sys.messageSocketPair();
  for (const fd of pair) sys.setBlocking(fd);
  return pair;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('io_uring', { skip: linux ? false : 'io_uring is a mechanism of Linux' }, () => {
  test('submissions complete in their order, each with the words that it carried', () => {
    const ring = new IoUring();
    for (const i of numbers(20)) ring.submissions.nop(i, -i);
    assert.equal(ring.hasCompletions, false);
    assert.deepEqual(
      finish(ring).map(({ tag, generation, result }) => [tag, generation, result]),
      numbers(20).map((i) => [i, -i | 0, 0]),
    );
    assert.equal(ring.hasCompletions, false);
    ring.close();
  });

  test('more submissions than the ring holds all reach the kernel, in order and again and again', () => {
    const ring = new IoUring({ sqEntries: 8, cqEntries: 2_048 });
    for (let round = 0; round < 3; round++) {
      for (const i of numbers(1_003)) ring.submissions.nop(i, round);
      ring.enter();
      assert.equal(ring.hasSubmissions, false);
      assert.deepEqual(
        finish(ring).map(({ tag }) => tag),
        numbers(1_003),
      );
    }
    ring.close();
  });

  test('more completions than the ring holds are kept by the kernel, and none is lost', () => {
    const ring = new IoUring({ sqEntries: 8, cqEntries: 16 });
    for (const i of numbers(200)) ring.submissions.nop(i, 0);
    assert.deepEqual(
      finish(ring).map(({ tag }) => tag),
      numbers(200),
    );
    ring.close();
  });

  test('a receive that waits holds no buffer, and takes one when bytes come', () => {
    const ring = new IoUring();
    const buffers = new ProvidedBuffers(ring, 5, 1);
    buffers.provide(0, Buffer.alloc(64));
    buffers.publish();
    const pairs = [socketPair(), socketPair()];
    for (const [i, [end]] of pairs.entries()) ring.submissions.receive(end, 5, 0, i, 0);
    assert.deepEqual(finish(ring), []);
    const send = (i: number, text: string) =>
      sys.sendMessage(pairs[i]?.[1] as number, Buffer.from(text), -1, false);
    send(1, 'second');
    const [came] = finish(ring);
    assert.equal(came?.tag, 1);
    assert.equal(came.result, 6);
    assert.equal(buffers.at(came.flags >>> 16).toString('utf8', 0, 6), 'second');
    // There is only one, and it is ours until it is provided again.
    send(0, 'first');
    assert.deepEqual(
      finish(ring).map(({ tag, result }) => [tag, result]),
      [[0, -ENOBUFS]],
    );
    buffers.recycle(0);
    buffers.publish();
    ring.submissions.receive(pairs[0]?.[0] as number, 5, 0, 0, 0);
    assert.deepEqual(
      finish(ring).map(({ tag, result }) => [tag, result]),
      [[0, 5]],
    );
    assert.equal(buffers.at(0).toString('utf8', 0, 5), 'first');
    ring.close();
    buffers.close();
    for (const fd of pairs.flat()) sys.close(fd);
  });

  test('bytes are sent from where they stand, also from arrays that V8 keeps in its own heap', () => {
    const ring = new IoUring();
    const [here, there] = socketPair();
    const onHeap = Uint8Array.of(104, 101, 108, 108, 111);
    const slice = Buffer.from('...world...').subarray(3, 8);
    for (const bytes of [onHeap, slice, onHeap])
      ring.submissions.send(here, sys.addressOf(bytes), bytes.length, 0, 0);
    assert.deepEqual(
      finish(ring).map(({ result }) => result),
      [5, 5, 5],
    );
    const received = numbers(3).map(() => sys.receiveMessage(there)?.toString());
    assert.deepEqual(received, ['hello', 'world', 'hello']);
    ring.close();
    for (const fd of [here, there]) sys.close(fd);
  });

  test('what is cancelled completes as cancelled, and the cancellation itself does not', () => {
    const ring = new IoUring();
    const [here, there] = socketPair();
    ring.submissions.poll(here, 1, 0, 7, 8);
    ring.submissions.poll(here, 1, 0, 7, 9);
    assert.deepEqual(finish(ring), []);
    ring.submissions.cancel(7, 9);
    const cancelled = finish(ring);
    assert.deepEqual(
      cancelled.map(({ tag, generation, result }) => [tag, generation, result]),
      [[7, 9, -ECANCELED]],
    );
    ring.close();
    for (const fd of [here, there]) sys.close(fd);
  });

  test('an eventfd is signalled when there is something to enter for, unless that is disabled', () => {
    const ring = new IoUring();
    const eventfd = sys.createEventfd();
    const signalled = () => sys.receive(eventfd, Buffer.alloc(8), 8);
    assert.ok(signalled() < 0);
    ring.registerEventfd(eventfd);
    const watcher = new IoUring();
    watcher.submissions.poll(eventfd, 1, 0, 1, 0);
    assert.deepEqual(finish(watcher), []);
    const [here, there] = socketPair();
    for (const on of [false, true]) {
      ring.enableEventfd(on);
      ring.submissions.poll(here, 1, 0, 0, 0);
      finish(ring);
      sys.sendMessage(there, Buffer.from('.'), -1, false);
      assert.equal(ring.wantsEntering, true);
      assert.equal(ring.hasCompletions, false);
      assert.equal(finish(watcher).length, on ? 1 : 0);
      assert.equal(finish(ring).length, 1);
      sys.receiveMessage(here);
    }
    for (const each of [ring, watcher]) each.close();
    for (const fd of [here, there, eventfd]) sys.close(fd);
  });

  test('a wait ends with the first completion, and otherwise when its time is up', () => {
    const ring = new IoUring();
    const [here, there] = socketPair();
    ring.submissions.poll(here, 1, 0, 3, 0);
    ring.enter();
    const began = performance.now();
    ring.wait(20);
    assert.ok(performance.now() - began >= 19);
    assert.equal(ring.hasCompletions, false);
    sys.sendMessage(there, Buffer.from('.'), -1, false);
    ring.wait(999);
    assert.deepEqual(
      take(ring).map(({ tag }) => tag),
      [3],
    );
    ring.close();
    for (const fd of [here, there]) sys.close(fd);
  });

  test('every refusal states what happened and what to use instead', () => {
    const reasons: [number, RegExp][] = [
      [EPERM, /forbidden.*EPERM.*kernel\.io_uring_disabled.*seccomp/],
      [ENOSYS, /not there.*ENOSYS/],
      [EINVAL, /too old.*EINVAL.*Linux 6\.1/],
      [ENOMEM, /ENOMEM.*locked memory/],
      [EMFILE, /EMFILE/],
    ];
    for (const [number, reason] of reasons) {
      const refusal = setupError(number);
      assert.ok(refusal instanceof PlatformError);
      assert.match(refusal.message, reason);
      assert.match(refusal.message, /the model epoll/);
    }
  });

  test('a process that a seccomp filter keeps from io_uring gets an error that says so', () => {
    const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const script = `
      const { createUringLoop } = await import(${JSON.stringify(path('../../src/loops/uring.ts'))});
      try { createUringLoop(); } catch ({ code, message }) { console.log(code + ': ' + message); }`;
    const line = [
      '--import',
      path('../../../test-support/src/without-io-uring.ts'),
      '--input-type=module',
      '-e',
      script,
    ];
    const { stdout, stderr } = spawnSync(process.execPath, line, { encoding: 'utf8' });
    assert.match(stdout, /^ERR_PLATFORM: io_uring is forbidden here \(EPERM\)/, stderr);
  });

  test('a registered file is sent to by the number of its entry, and stays open until the entry is removed', () => {
    const ring = new IoUring();
    const files = new sys.RegisteredFiles(ring, () => ring.submissions);
    const [near, far] = socketPair();
    const words = Buffer.from('words');
    files.add(near);
    finish(ring);
    sys.close(near);
    ring.submissions.send(near, sys.addressOf(words), words.length, 1, 2);
    assert.deepEqual(finish(ring), [{ tag: 1, generation: 2, result: words.length, flags: 0 }]);
    assert.equal(sys.receiveMessage(far)?.toString(), 'words');
    assert.equal(sys.receiveMessage(far), undefined, 'the end has not come');
    files.remove(near);
    finish(ring);
    assert.equal(sys.receiveMessage(far)?.length, 0, 'the end has come');
    sys.close(far);
    ring.close();
  });
});
