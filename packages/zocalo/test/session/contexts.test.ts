import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import type { Client, Protocol } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering } from './support.ts';

const storage = new AsyncLocalStorage<string>();
const seen = () => storage.getStore() ?? 'nothing';

test('what open enters into its async context stays with its client until it has closed, what a message enters with that', async () => {
  const left: string[] = [];
  const protocol: Protocol<string> = answering(
    (line: string) => {
      const before = seen();
      if (line.startsWith('enter ')) storage.enterWith(line.slice(6));
      return `${before}\n`;
    },
    {
      open(client: Client) {
        storage.enterWith(`client ${client.id}`);
        return undefined;
      },
      close: () => left.push(seen()),
    },
  );
  const [one, two] = [converse(protocol, { id: 1 }), converse(protocol, { id: 2 })];
  one.send('who\n');
  two.send('who\nenter other\nwho\n');

  one.send('who\n');
  assert.equal(await one.receive(), 'client 1\nclient 1\n');
  assert.equal(await two.receive(), 'client 2\nclient 2\nclient 2\n');
  one.reset();
  two.reset();
  await one.settle();
  await two.settle();
  assert.deepEqual(left, ['client 1', 'client 2']);
  assert.equal(seen(), 'nothing');
});

test('a handler does not see the context of the code that sent to its client, nor that of another client’s handler', async () => {
  const two = converse(answering(() => seen()));
  const one = converse(
    answering((_line: string) => {
      storage.enterWith('one');
      two.send('from inside\n');
      two.client.send('news ');
      return afterTurns(seen());
    }),
  );
  await storage.run('around', async () => {
    one.send('x\n');
    two.client.send('more ');
    two.send('x\n');
    await two.settle();
  });
  assert.equal(await one.receive(), 'one');
  assert.equal(await two.receive(), 'nothingnews more nothing');
});

test('what a message begins goes on in its context: generators, timers, promises; the final message is in that of the client', async () => {
  const heard: string[] = [];
  const talk = converse(
    answering(
      (_line: string, client: Client) => {
        storage.enterWith('mine');
        client.signal.addEventListener('abort', () => heard.push(`signal ${seen()}`));
        client.setTimeout(() => `timer ${seen()}\n`, 100);
        return (function* () {
          yield 'x'.repeat(100_000);
          yield `generator ${seen()}\n`;
        })();
      },
      {
        open: () => storage.enterWith('client'),
        farewell: () => `farewell ${seen()}\n`,
      },
    ),
    { idleTimeoutMs: 1_000 },
  );
  talk.stopReading();
  talk.send('x\n');
  await storage.run('of a reader', async () => talk.startReading());
  assert.match(await talk.receive(), /x+generator mine\n$/);
  await storage.run('of time', () => talk.advance(100));
  assert.equal(await talk.receive(), 'timer mine\n');
  await talk.advance(1_000);
  assert.equal(await talk.receive(), 'farewell client\n');
  assert.deepEqual(heard, ['signal client']);
});
