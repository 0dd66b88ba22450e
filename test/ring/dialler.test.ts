import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { lines } from '../../src/framing/lines.ts';
import type { Client } from '../../src/protocol/client.ts';
import type { Protocol } from '../../src/protocol/protocol.ts';
import { Dialler } from '../../src/server/dialler.ts';
import { serve } from '../../src/server/serve.ts';
import { eventually } from '../support/eventually.ts';

type Heard = { words: string[]; clients: Client[]; closed: string[] };

function listener(): Heard & { protocol: Protocol<string> } {
  const heard: Heard = { words: [], clients: [], closed: [] };
  const protocol: Protocol<string> = {
    name: 'listener',
    framing: lines(),
    halfClose: false,
    open: (client): undefined => void heard.clients.push(client),
    message: (line): undefined => void heard.words.push(line),
    close: (_client, reason) => heard.closed.push(reason),
  };
  return { ...heard, protocol };
}

const shout: Protocol<string> = {
  name: 'shout',
  framing: lines(),
  message: (line, client) => {
    if (line === 'bye') client.end();
    return `${line.toUpperCase()}\n`;
  },
};

async function dialler(test: { after(action: () => Promise<void>): void }) {
  const errors: unknown[] = [];
  const made = await Dialler.create({}, (error) => errors.push(error));
  test.after(() => made.stop());
  return { made, errors };
}

test('a dialled connection holds a conversation with a server of the same thread', async (t) => {
  const server = await serve(shout);
  t.after(() => server.close());
  const { made } = await dialler(t);
  const heard = listener();
  made.dial(heard.protocol, server.address, { onFailed: (reason) => assert.fail(reason) });
  const client = await eventually('it is connected', () => heard.clients[0]);
  client.send('one\ntwo\n');
  await eventually('both answers are here', () => heard.words.length === 2);
  assert.deepEqual(heard.words, ['ONE', 'TWO']);
  client.send('bye\n');
  await eventually('it is closed', () => heard.closed.length === 1);
  assert.deepEqual(heard.words, ['ONE', 'TWO', 'BYE']);
  assert.equal(made.activeClients, 0);
});

test('nobody listening, an unknown host and a time that is up are told, once', async (t) => {
  const { made } = await dialler(t);
  const free = createServer();
  const port = await new Promise<number>((resolve) => {
    free.listen(0, '127.0.0.1', () => resolve((free.address() as { port: number }).port));
  });
  await new Promise((resolve) => free.close(resolve));
  const failed: string[] = [];
  const heard = listener();
  const dial = (host: string) =>
    made.dial(heard.protocol, { host, port }, { timeout: 300, onFailed: (reason) => failed.push(reason) });
  dial('127.0.0.1');
  await eventually('it failed', () => failed.length === 1);
  assert.deepEqual(failed, ['ECONNREFUSED']);
  dial('no-such-host.invalid');
  await eventually('it failed', () => failed.length === 2);
  // An address for documentation (RFC 5737): nobody answers there, or there is no way to it.
  dial('192.0.2.1');
  await eventually('it failed', () => failed.length === 3);
  assert.deepEqual(heard.clients, []);
  assert.deepEqual(heard.closed, []);
});

test('an attempt that is given up calls nobody, and leaves no connection', async (t) => {
  const server = await serve(shout);
  t.after(() => server.close());
  const { made } = await dialler(t);
  const heard = listener();
  const cancel = made.dial(heard.protocol, server.address, { onFailed: (reason) => assert.fail(reason) });
  cancel();
  const second = listener();
  made.dial(second.protocol, server.address, { onFailed: (reason) => assert.fail(reason) });
  await eventually('the second is connected', () => second.clients.length === 1);
  await made.stop();
  await eventually('both are gone', () => server.activeClients === 0);
  assert.deepEqual(heard.clients, []);
  assert.deepEqual(second.closed, ['stopped']);
});

test('a handler that throws costs its own connection, and is told', async (t) => {
  const server = await serve(shout);
  t.after(() => server.close());
  const { made, errors } = await dialler(t);
  const heard = listener();
  const failing: Protocol<string> = {
    ...heard.protocol,
    message: () => {
      throw new Error('a mistake');
    },
  };
  made.dial(failing, server.address, { onFailed: (reason) => assert.fail(reason) });
  const client = await eventually('it is connected', () => heard.clients[0]);
  client.send('x\n');
  await eventually('it is closed', () => heard.closed.length === 1);
  assert.deepEqual(heard.closed, ['error']);
  assert.match(String(errors[0]), /a mistake/);
});
