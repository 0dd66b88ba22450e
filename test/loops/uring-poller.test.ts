import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { soon } from '../support/eventually.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const { UringPoller, POLL, tagOf } = linux ? await import('../../src/loops/uring-poller.ts') : ({} as never);
const { createEventfd, signalEventfd } = linux ? await import('../../src/sys/eventfd.ts') : ({} as never);
const { close } = linux ? await import('../../src/sys/sockets.ts') : ({} as never);

type Poller = InstanceType<typeof UringPoller>;
const POLLIN = 1;

/** Has a poller watch an eventfd, with a turn that submits it. */
function watch(poller: Poller, generation: number): number {
  const fd = createEventfd();
  poller.submissions.poll(fd, POLLIN, 0, tagOf(fd, POLL), generation);
  assert.equal(poller.flush(), 0);
  return fd;
}

const parked = (poller: Poller) => new Promise<number>((resolve) => poller.park(resolve));

describe('the turns of uring', { skip: linux ? false : 'io_uring is a mechanism of Linux' }, () => {
  test('a park ends when something has completed, and tells how much', async () => {
    const poller = new UringPoller();
    const fd = watch(poller, 5);
    const count = parked(poller);
    await nextTurn();
    signalEventfd(fd);
    assert.equal(await soon('the park ends', count), 1);
    assert.equal(poller.descriptor(0), fd);
    assert.equal(poller.generation(0), 5);
    assert.equal(poller.purpose(0), POLL);
    poller.close();
    close(fd);
  });

  test('what happened before a park ends it too', async () => {
    const poller = new UringPoller();
    const fd = watch(poller, 1);
    signalEventfd(fd);
    assert.equal(await soon('the park ends', parked(poller)), 1);
    poller.close();
    close(fd);
  });

  test('a park can be ended for nothing, again and again', async () => {
    const poller = new UringPoller();
    for (let i = 0; i < 3; i++) {
      const count = parked(poller);
      poller.unpark();
      assert.equal(await soon('the park ends', count), 0);
    }
    poller.close();
  });

  test('completions that a failing turn has left come again, and those that it has taken do not', () => {
    const poller = new UringPoller();
    for (let generation = 1; generation <= 5; generation++)
      poller.submissions.nop(tagOf(9, POLL), generation);
    assert.equal(poller.flush(), 5);
    assert.equal(poller.poll(0), 5);
    poller.descriptor(0);
    poller.descriptor(1);
    assert.equal(poller.poll(0), 3);
    assert.equal(poller.generation(0), 3);
    poller.close();
  });

  test('what is staged outside a turn asks for one, once', () => {
    const poller = new UringPoller();
    let asked = 0;
    poller.onStaged = () => asked++;
    for (let i = 0; i < 3; i++) poller.submissions.nop(0, 0);
    assert.equal(asked, 1);
    poller.poll(0);
    poller.submissions.nop(0, 0);
    poller.flush();
    assert.equal(asked, 1);
    poller.submissions.nop(0, 0);
    assert.equal(asked, 2);
    poller.close();
  });

  test('those who wait for a large buffer have their turns in order, some in each', () => {
    const poller = new UringPoller();
    const served: number[] = [];
    const waiting = 3 * poller.large.count;
    for (let i = 0; i < waiting; i++) poller.queueReceive({ receiveNow: () => served.push(i) });
    poller.flush();
    assert.ok(served.length > 0 && served.length <= poller.large.count);
    assert.ok(poller.busy);
    while (poller.busy) poller.flush();
    assert.deepEqual(
      served,
      Array.from({ length: waiting }, (_, i) => i),
    );
    poller.close();
  });
});
