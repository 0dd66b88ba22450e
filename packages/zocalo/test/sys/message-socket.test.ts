import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/sys/libc.ts')),
  ...(await import('../../src/sys/sockets.ts')),
  ...(await import('../../src/sys/message-socket.ts')),
});
const sys = linux ? await load() : ({} as never);
/** The module itself: what it has received last is a variable of its own. */
const messages = linux ? await import('../../src/sys/message-socket.ts') : ({} as never);
const { EAGAIN, EPIPE } = constants.errno;

/** Both ends of a pair, closed with their block. */
class Ends implements Disposable {
  readonly near: number;
  readonly far: number;
  #open: number[];

  constructor() {
    [this.near, this.far] = sys.messageSocketPair();
    this.#open = [this.near, this.far];
  }

  close(fd: number): void {
    this.#open = this.#open.filter((each) => each !== fd);
    sys.close(fd);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) sys.close(fd);
  }
}

const sendText = (fd: number, text: string, descriptor = -1) =>
  sys.sendMessage(fd, Buffer.from(text), descriptor, false);
/** The next message as text, and the descriptor that came with it. */
const next = (fd: number) => {
  const text = sys.receiveMessage(fd)?.toString();
  return { text, descriptor: text === undefined ? -1 : messages.receivedDescriptor };
};
/** Asserts that a call has just failed, and why. */
const assertFailed = (result: number | undefined, number: number) => {
  const found = sys.errno();
  assert.ok(result === undefined || result < 0);
  assert.equal(sys.errnoName(found), sys.errnoName(number));
};

describe('a pair of message sockets', { skip: linux ? false : 'these messages are those of Linux' }, () => {
  test('keeps messages apart and in order, both ways, of one byte up to the longest', () => {
    using ends = new Ends();
    const sizes = [1, 2, 3, 1_000, 1, sys.MAX_MESSAGE_SIZE, sys.MAX_MESSAGE_SIZE - 1, 5];
    for (const [from, to] of [
      [ends.near, ends.far],
      [ends.far, ends.near],
    ] as const) {
      const all = sizes.map((size, i) => Buffer.alloc(size, i + 1));
      for (const message of all) assert.equal(sys.sendMessage(from, message, -1, false), message.length);
      for (const message of all) assert.deepEqual(sys.receiveMessage(to), message);
      assertFailed(sys.receiveMessage(to)?.length, EAGAIN);
    }
  });

  test('carries a descriptor beside its own message, as another one for the same file', () => {
    using ends = new Ends();
    using folder = new TemporaryFolder();
    const texts = Array.from({ length: 20 }, (_, i) => `file ${i}`);
    for (const [i, text] of texts.entries()) {
      writeFileSync(folder.file(`${i}`), text);
      const fd = openSync(folder.file(`${i}`), 'r');
      // Every third message comes without one.
      sendText(ends.near, text, i % 3 === 0 ? -1 : fd);
      // What is on its way is no longer the sender's.
      closeSync(fd);
    }
    for (const [i, text] of texts.entries()) {
      const received = next(ends.far);
      assert.equal(received.text, text);
      assert.equal(received.descriptor >= 0, i % 3 !== 0);
      if (received.descriptor < 0) continue;
      assert.equal(readFileSync(received.descriptor, 'utf8'), text);
      closeSync(received.descriptor);
    }
  });

  test('gives a descriptor that no program started from here inherits', () => {
    using ends = new Ends();
    const shared = openSync('/dev/null', 'r');
    sendText(ends.near, 'take', shared);
    const { descriptor } = next(ends.far);
    assert.notEqual(descriptor, shared);
    assert.equal(fstatSync(descriptor).rdev, fstatSync(shared).rdev);
    const O_CLOEXEC = 0o2000000;
    for (const fd of [ends.near, ends.far, descriptor]) {
      const flags = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^flags:\s+(\d+)$/m)?.[1] ?? '';
      assert.notEqual(Number.parseInt(flags, 8) & O_CLOEXEC, 0);
    }
    closeSync(descriptor);
    closeSync(shared);
  });

  test('ends with an empty message, after all that had been sent, and then takes nothing', () => {
    using ends = new Ends();
    sendText(ends.near, 'one');
    sendText(ends.near, 'two');
    ends.close(ends.near);
    assert.deepEqual([next(ends.far).text, next(ends.far).text], ['one', 'two']);
    assert.deepEqual([next(ends.far).text, next(ends.far).text], ['', '']);
    assertFailed(sendText(ends.far, 'too late'), EPIPE);
  });

  test('reports that there is no room, and what it took arrives', () => {
    using ends = new Ends();
    const shared = openSync('/dev/null', 'r');
    const message = Buffer.alloc(1_000);
    const send = (i: number) => {
      message.writeUInt32LE(i);
      return sys.sendMessage(ends.near, message, shared, false);
    };
    let sent = 0;
    while (send(sent) > 0) sent++;
    assertFailed(-1, EAGAIN);
    assert.ok(sent > 10, `it took ${sent}`);
    const take = () => {
      const bytes = sys.receiveMessage(ends.far);
      if (bytes === undefined) return undefined;
      assert.equal(bytes.length, message.length);
      assert.ok(messages.receivedDescriptor >= 0);
      closeSync(messages.receivedDescriptor);
      return bytes.readUInt32LE();
    };
    assert.equal(take(), 0);
    while (send(sent) < 0) assert.notEqual(take(), undefined);
    let last = -1;
    for (let taken = take(); taken !== undefined; taken = take()) last = taken;
    assert.equal(last, sent);
    closeSync(shared);
  });

  test('a sender that may wait waits for room', async () => {
    using ends = new Ends();
    while (sendText(ends.near, 'early'.padEnd(1_000)) > 0);
    // Another thread makes room after a while: this one stands still until then.
    const url = new URL('../../src/sys/message-socket.ts', import.meta.url).href;
    const code = `import { setTimeout as sleep } from 'node:timers/promises';
      import { parentPort, workerData } from 'node:worker_threads';
      const { receiveMessage } = await import(${JSON.stringify(url)});
      parentPort.postMessage('ready');
      await sleep(200);
      while (receiveMessage(workerData) !== undefined);`;
    const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: ends.far,
    });
    await once(thread, 'message');
    assert.equal(sys.sendMessage(ends.near, Buffer.from('late'), -1, true), 4);
    await once(thread, 'exit');
  });

  test('without a descriptor left the receiver has the message, and none with it', () => {
    const path = fileURLToPath(new URL('./without-descriptors.ts', import.meta.url));
    const { stdout, stderr } = spawnSync(
      'sh',
      ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, path],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), [
      { text: 'none left', carried: false },
      { text: 'one left', carried: true },
      { text: 'none again', carried: false },
      { text: 'after that', carried: true },
    ]);
  });
});
