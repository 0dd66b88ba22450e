import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines } from '../../src/index.ts';
import type { AcceptedSocket, ListenerEvents } from '../../src/loops/loop.ts';
import type { Backend } from '../../src/server/backend.ts';
import { resolveEndpoints } from '../../src/server/endpoints.ts';
import { resolveOptions } from '../../src/server/resolve-options.ts';
import { ServerCore } from '../../src/server/server-core.ts';
import type { SessionPort } from '../../src/session/session-port.ts';

/** A loop whose connections come when they are told to, and never end. */
class FakeLoop {
  readonly clock = { now: 0 };
  readonly adopted: SessionPort[] = [];
  closed = 0;
  accept = () => {};

  get load(): number {
    return this.adopted.length;
  }

  async listen(target: object, _how: unknown, events: ListenerEvents) {
    this.accept = () => {
      const close = () => void this.closed++;
      events.onSocket({ remoteAddress: '192.0.2.1', remotePort: 1, localPort: 2, close });
    };
    return { target, pause() {}, resume() {}, close() {} };
  }

  adopt(_socket: AcceptedSocket, session: SessionPort): void {
    this.adopted.push(session);
  }

  hold = (socket: AcceptedSocket) => ({ send() {}, take: () => socket });
  async stop(): Promise<void> {}
}

test('of many refused connections some are told why, and the others are closed at once; waiting clients are all told', async () => {
  const loop = new FakeLoop();
  const protocol = { name: 'busy', framing: lines(), message() {}, refuse: () => 'no\n' };
  const options = resolveOptions({ maxClients: 1, maxWaiting: 2_000, maxPerAddress: 2_001 });
  const pool = {
    traffic: {},
    buckets: undefined,
    awaiting: 0,
    async start() {},
    countClients() {},
    adopt(_socket: unknown, client: { onServed(): void }) {
      client.onServed();
    },
    async drain() {},
    async stop() {},
  };
  const backend = { loop, createPool: () => pool } as unknown as Backend;
  const core = new ServerCore(protocol, resolveEndpoints(protocol, {}, options), options, 'epoll', backend);
  await core.start(undefined);
  const { server } = core;
  for (let i = 0; i < 1 + 2_000 + 5_000; i++) loop.accept();
  assert.deepEqual([server.activeClients, server.waitingClients], [1, 2_000]);
  assert.equal(server.stats().refused['address-limit'], 5_000);
  // The one that is in is not among them here.
  assert.deepEqual([loop.adopted.length, loop.closed], [1_025, 5_000 - 1_025]);
  await server.drain(1);
  assert.deepEqual([loop.adopted.length, server.stats().refused.draining], [1_025 + 2_000, 2_000]);
});
