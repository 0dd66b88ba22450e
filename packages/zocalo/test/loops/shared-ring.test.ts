import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const { SharedRing, POLL, tagOf } = linux ? await import('../../src/loops/shared-ring.ts') : ({} as never);
const { createEventfd, signalEventfd } = linux ? await import('../../src/sys/eventfd.ts') : ({} as never);
const { PollSet } = linux ? await import('../../src/sys/poll.ts') : ({} as never);
const { StreamPairs, sendTo, takeAll } = linux ? await import('./stream-pairs.ts') : ({} as never);
const { close } = linux ? await import('../../src/sys/sockets.ts') : ({} as never);

type Ring = ReturnType<typeof SharedRing.create>;
const POLLIN = 1;

/** Has a ring watch an eventfd, with a turn that submits it. */
function watch(shared: Ring, generation: number): number {
  const fd = createEventfd();
  shared.submissions.poll(fd, POLLIN, 0, tagOf(fd, POLL), generation);
  shared.submit();
  assert.equal(shared.begin(), 0);
  return fd;
}

describe('the rounds of uring', { skip: linux ? false : 'io_uring is a mechanism of Linux' }, () => {
  /** Waits until the ring's descriptor is signalled. */
  function untilSignalled(shared: Ring): void {
    const set = new PollSet();
    set.add(shared.fd, POLLIN);
    while (set.wait(60_000) <= 0) {}
  }

  test('its descriptor signals that something can be completed, and the next round has it', () => {
    using pairs = new StreamPairs('unix');
    const shared = SharedRing.create();
    const [near, far] = pairs.make();
    for (let i = 0; i < 3; i++) {
      shared.submissions.poll(near, POLLIN, 0, tagOf(near, POLL), 5);
      shared.submit();
      assert.equal(shared.begin(), 0);
      assert.equal(shared.enableSignal(), true);
      sendTo(far);
      untilSignalled(shared);
      shared.disableSignal(true);
      assert.equal(shared.begin(), 1);
      assert.equal(shared.takeDescriptor(0), near);
      assert.equal(shared.ring.generation(0), 5);
      assert.equal(shared.operation(0), POLL);
      takeAll(near);
      shared.submit();
    }
    shared.close();
  });

  test('what can be completed already when signalling is enabled is reported at once', () => {
    const shared = SharedRing.create();
    const fd = watch(shared, 1);
    signalEventfd(fd);
    assert.equal(shared.enableSignal(), false);
    shared.close();
    close(fd);
  });

  test('completions that a failing turn has left come again, and those that it has taken do not', () => {
    const shared = SharedRing.create();
    for (let generation = 1; generation <= 5; generation++)
      shared.submissions.nop(tagOf(9, POLL), generation);
    shared.submit();
    assert.equal(shared.begin(), 5);
    shared.takeDescriptor(0);
    shared.takeDescriptor(1);
    assert.equal(shared.begin(), 3);
    assert.equal(shared.ring.generation(0), 3);
    shared.close();
  });

  test('what is staged outside a turn asks for one, once', () => {
    const shared = SharedRing.create();
    let asked = 0;
    shared.onStaged = () => asked++;
    for (let i = 0; i < 3; i++) shared.submissions.nop(0, 0);
    assert.equal(asked, 1);
    shared.begin();
    shared.submissions.nop(0, 0);
    shared.submit();
    assert.equal(asked, 1);
    shared.submissions.nop(0, 0);
    assert.equal(asked, 2);
    shared.close();
  });

  test('receives that wait for a large buffer are submitted in order, some in each turn', () => {
    const shared = SharedRing.create();
    const served: number[] = [];
    const waiting = 3 * shared.large.count;
    for (let i = 0; i < waiting; i++) shared.queueReceive({ receiveNow: () => served.push(i) });
    shared.submit();
    assert.ok(served.length > 0 && served.length <= shared.large.count);
    assert.ok(shared.busy);
    while (shared.busy) shared.submit();
    assert.deepEqual(
      served,
      Array.from({ length: waiting }, (_, i) => i),
    );
    shared.close();
  });
});
