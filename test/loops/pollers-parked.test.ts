import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { READABLE } from '../../src/loops/poller.ts';
import { first, look, onEveryPoller, park, type Report, sys } from './pollers.ts';

onEveryPoller((define, { name, parks }) => {
  if (!parks) return;

  define('a park ends with an event, and with being told to', async (poller, pairs) => {
    const [near, far] = pairs.make();
    poller.add(near, READABLE, 1);
    const parked = park(poller);
    sys.sendTo(far);
    assert.deepEqual(await parked, [{ fd: near, generation: 1, events: READABLE }]);
    sys.takeAll(near);
    const again = park(poller);
    poller.unpark?.();
    assert.deepEqual(await again, []);
    // Being told to ends one park and not the next, which is still under way when libuv's pool has done other things.
    const last = park(poller);
    for (let i = 0; i < 20; i++) await stat('.');
    sys.sendTo(far);
    assert.deepEqual(await last, [{ fd: near, generation: 1, events: READABLE }]);
  });

  define('what is added or changed while it is parked is noticed', async (poller, pairs) => {
    const [one, oneFar] = pairs.make();
    const [two, twoFar] = pairs.make();
    poller.add(one, 0, 1);
    sys.sendTo(oneFar);
    sys.sendTo(twoFar);
    // The reactor parks again when a park has ended without news.
    const untilReported = async (parked: Promise<Report[]>) => {
      for (let reported = await parked; ; reported = await park(poller))
        if (reported.length > 0) return reported;
    };
    const parked = park(poller);
    poller.add(two, READABLE, 2);
    assert.deepEqual(await untilReported(parked), [{ fd: two, generation: 2, events: READABLE }]);
    poller.remove(two);
    const next = park(poller);
    poller.modify(one, READABLE, 1);
    assert.deepEqual(await untilReported(next), [{ fd: one, generation: 1, events: READABLE }]);
  });

  define(
    'a number that is given away while it is parked is not taken for the new one',
    async (poller, pairs) => {
      const [near, far] = pairs.make();
      poller.add(near, READABLE, 1);
      const parked = park(poller);
      sys.sendTo(far);
      poller.remove(near);
      poller.add(near, READABLE, 2);
      // The kernel of epoll knows the new one already; a set that was handed over whole is as it was.
      const known = name === 'epoll' ? [1, 2] : [1];
      for (const { generation } of await parked) assert.ok(known.includes(generation), `${generation}`);
      assert.deepEqual(await first(poller), [{ fd: near, generation: 2, events: READABLE }]);
    },
  );

  define('it can be polled while it is parked', async (poller, pairs) => {
    const [near, far] = pairs.make();
    const [quiet, quietFar] = pairs.make();
    poller.add(near, READABLE, 1);
    poller.add(quiet, READABLE, 2);
    const parked = park(poller);
    sys.sendTo(far);
    assert.deepEqual(await first(poller), [{ fd: near, generation: 1, events: READABLE }]);
    assert.deepEqual(await parked, [{ fd: near, generation: 1, events: READABLE }]);
    sys.takeAll(near);
    const next = park(poller);
    assert.deepEqual(look(poller), []);
    sys.sendTo(quietFar);
    assert.deepEqual(await next, [{ fd: quiet, generation: 2, events: READABLE }]);
  });
});
