import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Connector } from '../../src/connector/connector.ts';
import { lines } from '../../src/framing/lines.ts';
import type { Mechanism } from '../../src/loops/mechanisms.ts';
import { serve } from '../../src/server/serve.ts';
import type { Client } from '../../src/session/client.ts';
import type { Protocol } from '../../src/session/protocol.ts';

type Recorded = { messages: string[]; clients: Client[]; closed: string[] };

function recorder(): Recorded & { protocol: Protocol<string> } {
  const recorded: Recorded = { messages: [], clients: [], closed: [] };
  const protocol: Protocol<string> = {
    name: 'recorder',
    framing: lines(),
    halfClose: false,
    open: (client): undefined => void recorded.clients.push(client),
    message: (line): undefined => void recorded.messages.push(line),
    close: (_client, reason) => recorded.closed.push(reason),
  };
  return { ...recorded, protocol };
}

const shout: Protocol<string> = {
  name: 'shout',
  framing: lines(),
  message: (line, client) => {
    if (line === 'bye') client.end();
    return `${line.toUpperCase()}\n`;
  },
};

/** Ways to wait that connect in different ways: by epoll, by a scan, by completions, by node:net. */
const connecting =
  process.platform === 'linux' ? (['epoll', 'select', 'uring', 'libuv'] as const) : (['libuv'] as const);

async function createConnector(test: { after(action: () => Promise<void>): void }, mechanism?: Mechanism) {
  const errors: unknown[] = [];
  const connector = await Connector.create({}, (error) => errors.push(error), mechanism);
  test.after(() => connector.stop());
  return { connector, errors };
}

for (const mechanism of connecting) {
  test(`an outgoing connection holds a conversation with a server of the same thread (${mechanism})`, async (t) => {
    const server = await serve(shout);
    t.after(() => server.close());
    const { connector } = await createConnector(t, mechanism);
    const recorded = recorder();
    connector.connect(recorded.protocol, server.address, { onFailed: (reason) => assert.fail(reason) });
    const client = await eventually('it is connected', () => recorded.clients[0]);
    client.send('one\ntwo\n');
    await eventually('both answers are here', () => recorded.messages.length === 2);
    assert.deepEqual(recorded.messages, ['ONE', 'TWO']);
    client.send('bye\n');
    await eventually('it is closed', () => recorded.closed.length === 1);
    assert.deepEqual(recorded.messages, ['ONE', 'TWO', 'BYE']);
    assert.equal(connector.activeClients, 0);
  });

  test(`a refused connection, an unknown host and a time-out are each reported once (${mechanism})`, async (t) => {
    const { connector } = await createConnector(t, mechanism);
    const free = createServer();
    const port = await new Promise<number>((resolve) => {
      free.listen(0, '127.0.0.1', () => resolve((free.address() as { port: number }).port));
    });
    await new Promise((resolve) => free.close(resolve));
    const failed: string[] = [];
    const recorded = recorder();
    const connect = (host: string) =>
      connector.connect(
        recorded.protocol,
        { host, port },
        { timeoutMs: 300, onFailed: (reason) => failed.push(reason) },
      );
    connect('127.0.0.1');
    await eventually('it failed', () => failed.length === 1);
    assert.deepEqual(failed, ['ECONNREFUSED']);
    connect('no-such-host.invalid');
    await eventually('it failed', () => failed.length === 2);
    // An address for documentation (RFC 5737): it has no route, or no host that answers.
    connect('192.0.2.1');
    await eventually('it failed', () => failed.length === 3);
    assert.deepEqual(recorded.clients, []);
    assert.deepEqual(recorded.closed, []);
  });
}

test('an attempt that is cancelled calls nothing, and leaves no connection', async (t) => {
  const server = await serve(shout);
  t.after(() => server.close());
  const { connector } = await createConnector(t);
  const recorded = recorder();
  const cancel = connector.connect(recorded.protocol, server.address, {
    onFailed: (reason) => assert.fail(reason),
  });
  cancel();
  const second = recorder();
  connector.connect(second.protocol, server.address, { onFailed: (reason) => assert.fail(reason) });
  await eventually('the second is connected', () => second.clients.length === 1);
  await connector.stop();
  await eventually('both are gone', () => server.activeClients === 0);
  assert.deepEqual(recorded.clients, []);
  assert.deepEqual(second.closed, ['stopped']);
});

test('a handler that throws costs its own connection, and is reported', async (t) => {
  const server = await serve(shout);
  t.after(() => server.close());
  const { connector, errors } = await createConnector(t);
  const recorded = recorder();
  const failing: Protocol<string> = {
    ...recorded.protocol,
    message: () => {
      throw new Error('a mistake');
    },
  };
  connector.connect(failing, server.address, { onFailed: (reason) => assert.fail(reason) });
  const client = await eventually('it is connected', () => recorded.clients[0]);
  client.send('x\n');
  await eventually('it is closed', () => recorded.closed.length === 1);
  assert.deepEqual(recorded.closed, ['error']);
  assert.match(String(errors[0]), /a mistake/);
});
