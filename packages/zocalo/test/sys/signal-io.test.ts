import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const linux = process.platform === 'linux';
const hasPrlimit = linux && spawnSync('prlimit', ['--version']).status === 0;
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/sys/signal-io.ts')),
  ...(await import('../../src/sys/poll.ts')),
  ...(await import('../../src/sys/sockets.ts')),
  ...(await import('../loops/stream-pairs.ts')),
});
const sys = linux ? await load() : ({} as never);

/** A set of signals of this thread in proc_pid_status(5): which it blocks, which are waiting for it. */
const signals = (field: 'SigBlk' | 'SigPnd') =>
  readFileSync('/proc/thread-self/status', 'utf8').match(new RegExp(`^${field}:\\s+(.*)$`, 'm'))?.[1];

/** The descriptors that the signals are about that wait now, each as often as it was signalled. */
function takeAll(io: InstanceType<typeof sys.IoSignals>): number[] {
  const taken: number[] = [];
  for (let fd = io.take(); fd !== sys.NONE; fd = io.take()) taken.push(fd);
  return taken;
}

describe('signals of descriptors', { skip: linux ? false : 'these signals are those of Linux' }, () => {
  test('report each descriptor that changes, in order, and no other', async () => {
    using pairs = new sys.StreamPairs('unix');
    const io = new sys.IoSignals();
    const [a, b, c] = [pairs.make(), pairs.make(), pairs.make()];
    assert.equal(io.take(), sys.NONE);
    for (const [near] of [a, b, c]) io.arm(near);
    takeAll(io);
    for (const [, far] of [c, a, c]) sys.sendTo(far);
    assert.deepEqual(takeAll(io), [c[0], a[0], c[0]]);
    // It is the change that is reported, and not what holds.
    assert.deepEqual(takeAll(io), []);
    sys.shutdownSending(b[1]);
    assert.ok(takeAll(io).includes(b[0]));
    for (const [near] of [a, b, c]) io.disarm(near);
    sys.sendTo(a[1]);
    assert.deepEqual(takeAll(io), []);
    io.close();
  });

  test('make a descriptor readable while one waits', () => {
    using pairs = new sys.StreamPairs();
    const io = new sys.IoSignals();
    const set = new sys.PollSet();
    set.add(io.fd, sys.POLLIN);
    const [near, far] = pairs.make();
    io.arm(near);
    takeAll(io);
    assert.equal(set.wait(0), 0);
    sys.sendTo(far);
    // Another signal, such as that of a child that has ended, may interrupt the wait.
    while (set.wait(60_000) < 0) {}
    assert.equal(io.take(), near);
    assert.equal(set.wait(0), 0);
    io.disarm(near);
    io.close();
  });

  test('two users of them leave the mask as it was, whichever closes first', () => {
    const before = signals('SigBlk');
    const [first, second] = [new sys.IoSignals(), new sys.IoSignals()];
    assert.notEqual(signals('SigBlk'), before);
    second.close();
    assert.notEqual(signals('SigBlk'), before);
    first.close();
    assert.equal(signals('SigBlk'), before);
  });

  test('what still waits when they are given up is thrown away, and does not end the process', () => {
    const path = fileURLToPath(new URL('./signal-left.ts', import.meta.url));
    // A process that such a signal has ended appears to have ended normally: Node has no name for it.
    const { stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
    assert.deepEqual({ stdout, stderr }, { stdout: 'it waits, it goes on', stderr: '' });
  });

  test('a descriptor that is closed cannot be armed', () => {
    const io = new sys.IoSignals();
    assert.throws(() => io.arm(1_000_000_000), { call: 'fcntl', errno: 'EBADF' });
    io.close();
  });

  const skip = hasPrlimit ? false : 'there is no prlimit (util-linux)';
  test('when there is no room for them in the queue, that is reported, after those that had room', {
    skip,
  }, () => {
    const path = fileURLToPath(new URL('./signal-overflow.ts', import.meta.url));
    const { stdout, stderr } = spawnSync('prlimit', ['--sigpending=4', process.execPath, path], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    const { armed, first, again } = JSON.parse(stdout) as {
      armed: number[];
      first: number[];
      again: number[];
    };
    // The limit is one of all processes of a user: others may have taken some of the room.
    assert.ok(first.filter((fd) => armed.includes(fd)).length <= 5, `${first}`);
    // SIGIO is no real-time signal: it waits once, however often it was sent, and comes before those.
    assert.equal(first.filter((fd) => fd === sys.OVERFLOW).length, 1);
    assert.deepEqual(again, []);
  });
});
