import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '@zocalo/test-support/eventually.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/sys/eventfd.ts')),
  ...(await import('../../src/sys/node-loop.ts')),
  ...(await import('../../src/sys/node-thread.ts')),
  ...(await import('../../src/sys/sockets.ts')),
});
const sys = linux ? await load() : ({} as never);

describe('Node’s event loop', { skip: linux ? false : 'it is waited in on Linux' }, () => {
  test('calls back while a descriptor is readable, and no more after it is closed', async () => {
    const descriptor = new sys.OwnedDescriptor(sys.createEventfd());
    let called = 0;
    const handle = sys.NodeLoop.current().watch(descriptor.fd, () => called++);
    await turn();
    assert.equal(called, 0);
    sys.signalEventfd(descriptor.fd);
    await eventually('it is called back in each pass', () => called >= 3);
    sys.clearEventfd(descriptor.fd);
    await turn();
    const before = called;
    for (let i = 0; i < 10; i++) await turn();
    assert.equal(called, before);
    sys.signalEventfd(descriptor.fd);
    handle.close();
    handle.close();
    descriptor.close();
    for (let i = 0; i < 10; i++) await turn();
    assert.equal(called, before);
  });

  test('calls back before it waits, and reports how long it may be waited for', async () => {
    const node = sys.NodeLoop.current();
    const allowed: number[] = [];
    const timer = setTimeout(() => {}, 60_000);
    const handle = node.beforeWaiting(() => allowed.push(node.timeoutMs));
    await eventually('it has waited for a timer', () => allowed.some((time) => time > 0 && time <= 60_000));
    assert.equal(node.alive, true);
    handle.close();
    clearTimeout(timer);
  });

  test('a descriptor that was closed otherwise does no harm when its number is given again', () => {
    const one = new sys.OwnedDescriptor(sys.createEventfd());
    sys.close(one.fd);
    const other = new sys.OwnedDescriptor(sys.createEventfd());
    assert.equal(other.fd, one.fd);
    other.close();
  });
});
