import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { descriptorLimit } from '@zocalo/test-support/proc.ts';
import { FAILED, PEER_FINISHED, READABLE, WRITABLE } from '../../src/loops/poller.ts';
import { first, onEveryPoller, poll, reports, sys } from './pollers.ts';

/** A number far above FD_SETSIZE, which is 1,024. */
const HIGH = 2_500;
const F_DUPFD = 0;

onEveryPoller((define, { reportsHangUp }) => {
  define('what is readable is reported as long as it is, with its generation', async (poller, pairs) => {
    const [near, far] = pairs.make();
    poller.add(near, READABLE, 7);
    assert.deepEqual(poll(poller), []);
    sys.sendTo(far);
    const report = { fd: near, generation: 7, events: READABLE };
    assert.deepEqual(await first(poller), [report]);
    assert.deepEqual(poll(poller), [report]);
    assert.deepEqual(poll(poller), [report]);
    sys.takeAll(near);
    assert.deepEqual(poll(poller), []);
    sys.sendTo(far);
    assert.deepEqual(await first(poller), [report]);
  });

  define('what was there before it was watched is reported', async (poller, pairs) => {
    const [near, far] = pairs.make();
    sys.sendTo(far);
    poller.add(near, READABLE, 1);
    assert.deepEqual(await first(poller), [{ fd: near, generation: 1, events: READABLE }]);
  });

  define('what is writable is reported with what is readable, as far as asked for', async (poller, pairs) => {
    const [near, far] = pairs.make();
    poller.add(near, READABLE | WRITABLE, 1);
    assert.deepEqual(poll(poller), [{ fd: near, generation: 1, events: WRITABLE }]);
    sys.sendTo(far);
    await eventually('both are reported', () => poll(poller)[0]?.events === (READABLE | WRITABLE));
    poller.modify(near, WRITABLE, 1);
    assert.deepEqual(poll(poller), [{ fd: near, generation: 1, events: WRITABLE }]);
    poller.modify(near, READABLE, 1);
    assert.deepEqual(poll(poller), [{ fd: near, generation: 1, events: READABLE }]);
  });

  define(
    'without interest nothing is reported, and with it again what is still there',
    async (poller, pairs) => {
      const [near, far] = pairs.make();
      const [other, otherFar] = pairs.make();
      poller.add(near, 0, 1);
      poller.add(other, READABLE, 2);
      sys.sendTo(far);
      sys.sendTo(otherFar);
      assert.deepEqual(await first(poller), [{ fd: other, generation: 2, events: READABLE }]);
      poller.modify(near, READABLE, 1);
      poller.modify(other, 0, 2);
      assert.deepEqual(poll(poller), [{ fd: near, generation: 1, events: READABLE }]);
    },
  );

  define('what is removed is reported no more, and others are as before', async (poller, pairs) => {
    const all = [pairs.make(), pairs.make(), pairs.make()] as const;
    for (const [i, [near, far]] of all.entries()) {
      poller.add(near, READABLE, i);
      sys.sendTo(far);
    }
    await eventually('all are reported', () => poll(poller).length === 3);
    poller.remove(all[0][0]);
    const left = poll(poller).sort((a, b) => a.generation - b.generation);
    assert.deepEqual(
      left.map(({ fd, generation }) => [fd, generation]),
      [
        [all[1][0], 1],
        [all[2][0], 2],
      ],
    );
    poller.modify(all[2][0], 0, 2);
    assert.deepEqual(poll(poller), [{ fd: all[1][0], generation: 1, events: READABLE }]);
  });

  define(
    'what is removed and added again is reported once, with its new generation',
    async (poller, pairs) => {
      const [near, far] = pairs.make();
      poller.add(near, READABLE, 1);
      sys.sendTo(far);
      await first(poller);
      for (let generation = 2; generation < 5; generation++) {
        poller.remove(near);
        poller.add(near, READABLE, generation);
      }
      assert.deepEqual(poll(poller), [{ fd: near, generation: 4, events: READABLE }]);
      assert.deepEqual(poll(poller), [{ fd: near, generation: 4, events: READABLE }]);
    },
  );

  define('a peer that has finished is reported where it is watched for', async (poller, pairs) => {
    const [near, far] = pairs.make();
    poller.add(near, PEER_FINISHED, 1);
    sys.sendTo(far);
    sys.receive(near, Buffer.alloc(1), 1);
    // select(2) reports bytes and their end alike.
    if (reportsHangUp) assert.deepEqual(poll(poller), []);
    else assert.equal((await first(poller))[0]?.events, PEER_FINISHED);
    sys.takeAll(near);
    assert.deepEqual(poll(poller), []);
    sys.shutdownSending(far);
    assert.deepEqual(await first(poller), [{ fd: near, generation: 1, events: PEER_FINISHED }]);
  });

  define(
    'a reset is reported where it is read from, and the receive tells that it was one',
    async (poller, pairs) => {
      const pair = pairs.make();
      poller.add(pair[0], READABLE, 1);
      pairs.reset(pair);
      const [report] = await first(poller);
      assert.equal((report?.events ?? 0) & (READABLE | FAILED), reportsHangUp ? READABLE | FAILED : READABLE);
      assert.equal(sys.receive(pair[0], Buffer.alloc(1), 1), -1);
      assert.equal(sys.errnoName(sys.errno()), 'ECONNRESET');
    },
  );

  define('a reset is reported without interest, by all but select', async (poller, pairs) => {
    const silent = pairs.make();
    const witness = pairs.make();
    poller.add(silent[0], 0, 1);
    poller.add(witness[0], READABLE, 2);
    pairs.reset(silent);
    pairs.reset(witness);
    await eventually('the witness is reported', () => poll(poller).some(({ fd }) => fd === witness[0]));
    const reported = poll(poller).find(({ fd }) => fd === silent[0]);
    assert.equal(reported?.events, reportsHangUp ? FAILED : undefined);
  });

  define('a descriptor above 1,023 is one like any other', async (poller, pairs, t) => {
    if (descriptorLimit() <= HIGH)
      return t.skip(`this process may open ${descriptorLimit()} descriptors only`);
    const fcntl =
      sys.bind<(fd: number, command: number, least: number) => number>('int fcntl(int, int, int)');
    const [near, far] = pairs.make();
    const high = fcntl(near, F_DUPFD, HIGH);
    assert.ok(high >= HIGH);
    poller.add(high, READABLE, 1);
    sys.sendTo(far);
    assert.deepEqual(await first(poller), [{ fd: high, generation: 1, events: READABLE }]);
    poller.modify(high, READABLE | WRITABLE, 1);
    assert.deepEqual(poll(poller), [{ fd: high, generation: 1, events: READABLE | WRITABLE }]);
    poller.remove(high);
    assert.deepEqual(poll(poller), []);
    sys.close(high);
  });

  define('of a thousand descriptors the ready ones are reported, each once', async (poller, pairs, t) => {
    const count = 1_000;
    if (descriptorLimit() < 2 * count + 200)
      return t.skip(`this process may open ${descriptorLimit()} descriptors only`);
    const all = Array.from({ length: count }, () => pairs.make());
    for (const [i, [near]] of all.entries()) poller.add(near, READABLE, i);
    const active = all.filter((_, i) => i % 7 === 3);
    for (const [, far] of active) sys.sendTo(far);
    // A poller may report them in several batches: those that have been reported are read.
    const seen: number[] = [];
    await eventually('all active ones are reported', () => {
      for (const { fd, generation } of poll(poller)) {
        assert.equal(all[generation]?.[0], fd);
        seen.push(fd);
        sys.takeAll(fd);
      }
      return seen.length >= active.length;
    });
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      active.map(([near]) => near).sort((a, b) => a - b),
    );
    assert.deepEqual(poll(poller), []);
  });

  for (const stream of ['tcp', 'unix'] as const) {
    define(
      `a full ${stream} socket is reported when it is writable again, however it was filled`,
      async (poller, pairs) => {
        const [near, far] = pairs.make();
        poller.add(near, WRITABLE, 1);
        for (let round = 0; round < 3; round++) {
          // Every send is taken whole, the last one although the poller was not asked: none of them meets the socket full.
          while (poll(poller).length > 0) assert.equal(sys.sendTo(near, 4_096), 4_096);
          assert.equal(sys.sendTo(near, 1), 1);
          await eventually('it is writable again', () => {
            sys.takeAll(far);
            return poll(poller).length > 0;
          });
        }
      },
      stream,
    );
  }
});

describe('a scanning poller', {
  skip: process.platform === 'linux' ? false : 'its mechanisms are of Linux',
}, () => {
  for (const create of [() => new sys.SelectedSet(), () => new sys.PolledSet()]) {
    test(`waits until its time is over, or for the first event (${create().constructor.name})`, () => {
      using pairs = new sys.StreamPairs();
      const poller = new sys.ScanningPoller(create());
      const [near, far] = pairs.make();
      poller.add(near, READABLE, 1);
      // A signal may interrupt the wait.
      const start = performance.now();
      let waits = 0;
      for (; performance.now() - start < 1_000; waits++) assert.ok(poller.wait(1_020) <= 0);
      assert.ok(waits < 10, `it did not wait: ${waits} times in a second`);
      sys.sendTo(far);
      for (const timeoutMs of [60_000, -1])
        assert.deepEqual(reports(poller, poller.wait(timeoutMs)), [
          { fd: near, generation: 1, events: READABLE },
        ]);
    });
  }
});
