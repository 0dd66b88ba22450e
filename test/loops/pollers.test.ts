import assert from 'node:assert/strict';
import { FAILED, PEER_FINISHED, READABLE, WRITABLE } from '../../src/loops/poller.ts';
import { eventually } from '../support/eventually.ts';
import { descriptorLimit } from '../support/proc.ts';
import { first, look, onEveryPoller, reports, sys } from './pollers.ts';

/** A number far above FD_SETSIZE, which is 1,024. */
const HIGH = 2_500;
const F_DUPFD = 0;

onEveryPoller((define, { tellsWhy }) => {
  define('what is readable is reported as long as it is, with its generation', async (poller, pairs) => {
    const [near, far] = pairs.make();
    poller.add(near, READABLE, 7);
    assert.deepEqual(look(poller), []);
    sys.sendTo(far);
    const report = { fd: near, generation: 7, events: READABLE };
    assert.deepEqual(await first(poller), [report]);
    assert.deepEqual(look(poller), [report]);
    assert.deepEqual(look(poller), [report]);
    sys.takeAll(near);
    assert.deepEqual(look(poller), []);
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
    assert.deepEqual(look(poller), [{ fd: near, generation: 1, events: WRITABLE }]);
    sys.sendTo(far);
    await eventually('both are reported', () => look(poller)[0]?.events === (READABLE | WRITABLE));
    poller.modify(near, WRITABLE, 1);
    assert.deepEqual(look(poller), [{ fd: near, generation: 1, events: WRITABLE }]);
    poller.modify(near, READABLE, 1);
    assert.deepEqual(look(poller), [{ fd: near, generation: 1, events: READABLE }]);
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
      assert.deepEqual(look(poller), [{ fd: near, generation: 1, events: READABLE }]);
    },
  );

  define('what is removed is reported no more, and others are as before', async (poller, pairs) => {
    const all = [pairs.make(), pairs.make(), pairs.make()] as const;
    for (const [i, [near, far]] of all.entries()) {
      poller.add(near, READABLE, i);
      sys.sendTo(far);
    }
    await eventually('all are reported', () => look(poller).length === 3);
    poller.remove(all[0][0]);
    const left = look(poller).sort((a, b) => a.generation - b.generation);
    assert.deepEqual(
      left.map(({ fd, generation }) => [fd, generation]),
      [
        [all[1][0], 1],
        [all[2][0], 2],
      ],
    );
    poller.modify(all[2][0], 0, 2);
    assert.deepEqual(look(poller), [{ fd: all[1][0], generation: 1, events: READABLE }]);
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
      assert.deepEqual(look(poller), [{ fd: near, generation: 4, events: READABLE }]);
      assert.deepEqual(look(poller), [{ fd: near, generation: 4, events: READABLE }]);
    },
  );

  define('a peer that has finished is reported to those who wait for it', async (poller, pairs) => {
    const [near, far] = pairs.make();
    poller.add(near, PEER_FINISHED, 1);
    sys.sendTo(far);
    sys.receive(near, Buffer.alloc(1), 1);
    // By nature select(2) tells bytes and their end alike.
    if (tellsWhy) assert.deepEqual(look(poller), []);
    else assert.equal((await first(poller))[0]?.events, PEER_FINISHED);
    sys.takeAll(near);
    assert.deepEqual(look(poller), []);
    sys.shutdownSending(far);
    assert.deepEqual(await first(poller), [{ fd: near, generation: 1, events: PEER_FINISHED }]);
  });

  define(
    'a reset is reported to those who read, and the receive tells that it was one',
    async (poller, pairs) => {
      const pair = pairs.make();
      poller.add(pair[0], READABLE, 1);
      pairs.reset(pair);
      const [report] = await first(poller);
      assert.equal((report?.events ?? 0) & (READABLE | FAILED), tellsWhy ? READABLE | FAILED : READABLE);
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
    await eventually('the witness is reported', () => look(poller).some(({ fd }) => fd === witness[0]));
    const told = look(poller).find(({ fd }) => fd === silent[0]);
    assert.equal(told?.events, tellsWhy ? FAILED : undefined);
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
    assert.deepEqual(look(poller), [{ fd: high, generation: 1, events: READABLE | WRITABLE }]);
    poller.remove(high);
    assert.deepEqual(look(poller), []);
    sys.close(high);
  });

  define(
    'of a thousand descriptors those are reported that are ready, each once',
    async (poller, pairs, t) => {
      const count = 1_000;
      if (descriptorLimit() < 2 * count + 200)
        return t.skip(`this process may open ${descriptorLimit()} descriptors only`);
      const all = Array.from({ length: count }, () => pairs.make());
      for (const [i, [near]] of all.entries()) poller.add(near, READABLE, i);
      const speaking = all.filter((_, i) => i % 7 === 3);
      for (const [, far] of speaking) sys.sendTo(far);
      // A poller may report them in several batches: those that have been reported are read.
      const seen: number[] = [];
      await eventually('all who speak are reported', () => {
        for (const { fd, generation } of look(poller)) {
          assert.equal(all[generation]?.[0], fd);
          seen.push(fd);
          sys.takeAll(fd);
        }
        return seen.length >= speaking.length;
      });
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        speaking.map(([near]) => near).sort((a, b) => a - b),
      );
      assert.deepEqual(look(poller), []);
    },
  );

  for (const stream of ['tcp', 'unix'] as const) {
    define(
      `a full ${stream} socket is reported when it is writable again, however it was filled`,
      async (poller, pairs) => {
        const [near, far] = pairs.make();
        poller.add(near, WRITABLE, 1);
        for (let round = 0; round < 3; round++) {
          // Every send is taken whole, the last one although nobody was asked: none of them meets the socket full.
          while (look(poller).length > 0) assert.equal(sys.sendTo(near, 4_096), 4_096);
          assert.equal(sys.sendTo(near, 1), 1);
          await eventually('it is writable again', () => {
            sys.takeAll(far);
            return look(poller).length > 0;
          });
        }
      },
      stream,
    );
  }

  define('a wait ends with its time, or with the first event', async (poller, pairs) => {
    const [near, far] = pairs.make();
    poller.add(near, READABLE, 1);
    assert.deepEqual(look(poller), []);
    // A signal may interrupt the wait.
    const start = performance.now();
    let waits = 0;
    for (; performance.now() - start < 1_000; waits++)
      assert.deepEqual(reports(poller, poller.poll(1_020)), []);
    assert.ok(waits < 10, `it did not wait: ${waits} times in a second`);
    sys.sendTo(far);
    assert.deepEqual(reports(poller, poller.poll(60_000)), [{ fd: near, generation: 1, events: READABLE }]);
  });
});
