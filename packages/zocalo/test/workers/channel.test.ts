import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '@zocalo/test-support/eventually.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/sys/sockets.ts')),
  ...(await import('../../src/sys/message-socket.ts')),
  ...(await import('../../src/workers/channel.ts')),
});
const sys = linux ? await load() : ({} as never);

type Message = { readonly number: number; readonly filler?: string };

/** A channel between two ends of this process; the near one is the supervisor's, which never waits. */
class Line implements Disposable {
  readonly near: InstanceType<typeof sys.Channel<Message, Message>>;
  readonly far: InstanceType<typeof sys.Channel<Message, Message>>;
  /** What the far end has taken. */
  readonly taken: number[] = [];
  readonly descriptors: number[] = [];
  readonly #open: Set<number>;

  constructor() {
    const [near, far] = sys.messageSocketPair();
    this.#open = new Set([near, far]);
    this.near = new sys.Channel(near, false);
    this.far = new sys.Channel(far, true);
  }

  /** Takes at the far end. @returns whether that is still open */
  take(most?: number): boolean {
    const keep = ({ number }: Message, descriptor: number) => {
      this.taken.push(number);
      this.descriptors.push(descriptor);
    };
    return most === undefined ? this.far.receive(keep) : this.far.receive(keep, most);
  }

  close(fd: number): void {
    this.#open.delete(fd);
    sys.close(fd);
  }

  [Symbol.dispose](): void {
    this.near.stop();
    for (const fd of this.#open) sys.close(fd);
    for (const fd of this.descriptors) if (fd >= 0) closeSync(fd);
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const FILLER = 'x'.repeat(1_000);

describe('a channel', { skip: linux ? false : 'its messages are those of Linux' }, () => {
  test('brings messages in order, also from an end that never waits to one that is slow', async () => {
    using line = new Line();
    const count = 5_000;
    const sent: number[] = [];
    for (const number of upTo(count)) line.near.send({ number, filler: FILLER }, -1, () => sent.push(number));
    const atOnce = sent.length;
    assert.ok(atOnce > 0 && atOnce < count, `${atOnce} had room`);
    // While the other side takes nothing, nothing more is on its way.
    for (let i = 0; i < 20; i++) await turn();
    assert.deepEqual(sent, upTo(atOnce));
    await eventually('all have come', () => line.take() && line.taken.length === count);
    assert.deepEqual(line.taken, upTo(count));
    assert.deepEqual(sent, upTo(count));
    line.near.send({ number: count });
    line.take();
    assert.equal(line.taken.at(-1), count);
  });

  test('brings what is sent while others wait for room behind them', async () => {
    using line = new Line();
    let number = 0;
    let wait = true;
    while (wait) {
      let sent = false;
      line.near.send({ number: number++, filler: FILLER }, -1, () => (sent = true));
      wait = sent;
    }
    // There is room again, but the channel has not tried yet.
    line.take();
    line.near.send({ number: number++ });
    await eventually('all have come', () => line.take() && line.taken.length === number);
    assert.deepEqual(line.taken, upTo(number));
  });

  test('brings each descriptor with its own message, also when they had to wait', async () => {
    using line = new Line();
    const files = ['/dev/null', '/dev/zero', '/dev/full'].map((path) => openSync(path, 'r'));
    const device = (fd: number | undefined) => (fd === undefined || fd < 0 ? undefined : fstatSync(fd).rdev);
    const count = 1_500;
    // Every fourth message comes without one.
    const beside = (number: number) => (number % 4 === 3 ? -1 : (files[number % 4] as number));
    for (const number of upTo(count)) line.near.send({ number, filler: FILLER }, beside(number));
    await eventually('all have come', () => line.take() && line.taken.length === count);
    for (const number of upTo(count))
      assert.equal(device(line.descriptors[number]), device(beside(number)), `${number}`);
    for (const fd of files) closeSync(fd);
  });

  test('takes a bounded number of messages at once, or as many as it is told', () => {
    using line = new Line();
    for (const number of upTo(200)) line.near.send({ number });
    assert.equal(line.take(), true);
    const first = line.taken.length;
    assert.ok(first > 0 && first < 100, `${first}`);
    assert.equal(line.take(3), true);
    assert.equal(line.taken.length, first + 3);
    // All there is, and then it comes back, though the other side is still there.
    assert.equal(line.take(Number.POSITIVE_INFINITY), true);
    assert.deepEqual(line.taken, upTo(200));
  });

  test('tells that the other side has closed when all has been taken', () => {
    using line = new Line();
    for (const number of upTo(3)) line.near.send({ number });
    line.close(line.near.fd);
    assert.equal(line.take(3), true);
    assert.equal(line.take(), false);
    assert.deepEqual(line.taken, upTo(3));
  });

  test('what the other side had sent before it closed with messages unread is taken all the same', () => {
    using line = new Line();
    for (const number of upTo(3)) line.near.send({ number });
    line.far.send({ number: 0 });
    // A reset comes first now (unix(7)).
    line.close(line.near.fd);
    assert.equal(line.take(), false);
    assert.deepEqual(line.taken, upTo(3));
  });

  test('what is sent to a side that is gone is lost without an error, and counts as sent', () => {
    using line = new Line();
    line.close(line.far.fd);
    let done = 0;
    for (const number of upTo(3)) line.near.send({ number }, -1, () => done++);
    assert.equal(done, 3);
  });

  test('what waits for room when it stops, or when the other side goes, is done with, once', async () => {
    for (const end of ['stops', 'other side goes']) {
      using line = new Line();
      const done: number[] = [];
      const count = 3_000;
      for (const number of upTo(count))
        line.near.send({ number, filler: FILLER }, -1, () => done.push(number));
      assert.ok(done.length < count);
      if (end === 'stops') line.near.stop();
      else line.close(line.far.fd);
      await eventually('all are done with', () => done.length >= count);
      for (let i = 0; i < 20; i++) await turn();
      assert.deepEqual(done, upTo(count));
    }
  });

  const root = process.getuid?.() === 0;
  // The limit is not for processes with CAP_SYS_RESOURCE (unix(7)), as root may.
  const skip = root && spawnSync('setpriv', ['--version']).status !== 0 && 'there is no setpriv (util-linux)';
  test('more descriptors than may be on their way arrive one after another', { skip }, () => {
    const path = fileURLToPath(new URL('./many-descriptors.ts', import.meta.url));
    const command = ['sh', '-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, path];
    const limited = ['setpriv', '--bounding-set=-sys_resource,-sys_admin', ...command];
    const [program = '', ...args] = root ? limited : command;
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    assert.equal(stderr, '');
    const { atOnce, arrived } = JSON.parse(stdout) as { atOnce: number; arrived: number[] };
    assert.ok(atOnce < 100, `${atOnce} were on their way`);
    assert.deepEqual(arrived, upTo(300));
  });
});
