import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines, type Protocol } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { answering } from './support.ts';

test('a protocol knows who its client is and how many there are', async () => {
  const talk = converse(
    answering((_line, client) => {
      const { id, remoteAddress, remotePort, localPort, server } = client;
      return JSON.stringify([id, remoteAddress, remotePort, localPort, server.activeClients]);
    }),
    { id: 7, remoteAddress: '192.0.2.1', remotePort: 1_234, localPort: 99, activeClients: 3 },
  );
  talk.send('who?\n');
  assert.equal(await talk.receive(), '[7,"192.0.2.1",1234,99,3]');
});

test('a protocol knows what a client may still ask, and how long it may be silent', async () => {
  const say = answering((_line, { messagesLeft, idleTimeoutMs }) => `${messagesLeft} ${idleTimeoutMs}\n`);
  const limited = converse(say, { quota: 3, idleTimeoutMs: 500, idleTimeoutWhenFullMs: 100 });
  limited.send('x\nx\n');
  assert.equal(await limited.receive(), '2 500\n1 500\n');
  const crowded = converse(say, { idleTimeoutMs: 500, idleTimeoutWhenFullMs: 100, waitingClients: 1 });
  crowded.send('x\n');
  assert.equal(await crowded.receive(), 'Infinity 100\n');
});

type Counter = { count: number };

const counting: Protocol<string, Counter> = {
  name: 'counting',
  framing: lines(),
  state: () => ({ count: 0 }),
  message: (_line, client) => `${++client.state.count} `,
};

test('each client has a state of its own, made as it enters', async () => {
  const [one, other] = [converse(counting), converse(counting)];
  one.send('x\nx\n');
  other.send('x\n');
  assert.equal(await one.receive(), '1 2 ');
  assert.equal(await other.receive(), '1 ');
  assert.deepEqual(one.client.state, { count: 2 });
});

test('a state can be replaced', async () => {
  const talk = converse(counting);
  talk.client.state = { count: 41 };
  talk.send('x\n');
  assert.equal(await talk.receive(), '42 ');
});

test('all handlers of a conversation are given the same client, which is there before the greeting', async () => {
  const clients = new Set<unknown>();
  const note = (client: unknown) => {
    clients.add(client);
    return '.';
  };
  const talk = converse(
    answering((_line, client) => note(client), {
      open: note,
      close: note,
      farewell: (_reason, client) => note(client),
    }),
  );
  talk.send('x\n');
  talk.drain();
  assert.equal(await talk.receive(), '...');
  assert.deepEqual([...clients], [talk.client]);
});

test('a protocol without state has none', () => {
  assert.equal(converse(answering(() => undefined)).client.state, undefined);
});
