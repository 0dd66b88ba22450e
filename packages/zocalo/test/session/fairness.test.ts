import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everySplit } from '@zocalo/test-support/pieces.ts';
import { type Framing, fixedSize, lengthPrefixed, lines, type Reply } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering, echo } from './support.ts';

const thousand = Array.from({ length: 1_000 }, (_, i) => `${i}\n`).join('');

const handlers: { name: string; reply: (line: string) => Reply }[] = [
  { name: 'at once', reply: echo },
  { name: 'by promises', reply: (line) => Promise.resolve(echo(line)) },
  {
    name: 'by generators',
    *reply(line) {
      yield line;
      yield '\n';
    },
  },
];

for (const { name, reply } of handlers) {
  test(`1,000 lines in one piece are all answered, ${name}, in order`, async () => {
    const talk = converse(answering(reply));
    talk.send(thousand);
    talk.end();
    assert.equal(await talk.receive(), thousand);
    assert.equal(talk.messages, 1_000);
    assert.equal(talk.closed, 'client');
  });
}

test('in one turn no more messages are begun than messagesPerTurn', async () => {
  for (const messagesPerTurn of [1, 7, 64, 999, 1_000, 1_001]) {
    const talk = converse(answering(echo), { messagesPerTurn });
    talk.send(thousand);
    assert.equal(talk.messages, Math.min(messagesPerTurn, 1_000));
    assert.equal(await talk.receive(), thousand);
  }
});

test('a client with much to ask does not keep another waiting', async () => {
  const order: string[] = [];
  const protocol = answering((line) => {
    order.push(line);
    return echo(line);
  });
  const [busy, modest] = [converse(protocol), converse(protocol)];
  busy.send('busy\n'.repeat(1_000));
  modest.send('modest\n');
  await Promise.all([busy.settle(), modest.settle()]);
  assert.equal(order.length, 1_001);
  assert.equal(order.indexOf('modest'), 64);
});

test('messages left for a later turn do not wait for the client to send more', async () => {
  const talk = converse(
    answering((line) => afterTurns(echo(line))),
    { messagesPerTurn: 1 },
  );
  talk.send(thousand);
  assert.equal(await talk.receive(), thousand);
});

const conversations: { name: string; framing: Framing<Buffer | string>; bytes: Buffer; frames: string }[] = [
  {
    name: 'lines',
    framing: lines({ maxLength: 4 }),
    bytes: Buffer.from('four\r\n\nfour\r\nx\n'),
    frames: '<four><><four><x>',
  },
  {
    name: 'frames of a fixed size',
    framing: fixedSize(3),
    bytes: Buffer.from('onetwosixten'),
    frames: '<one><two><six><ten>',
  },
  {
    name: 'length-prefixed frames',
    framing: lengthPrefixed({ prefix: 1, maxLength: 4 }),
    bytes: Buffer.from('\x04four\0\x04five\x01x'),
    frames: '<four><><five><x>',
  },
];

for (const { name, framing, bytes, frames } of conversations) {
  for (const messagesPerTurn of [1, 2, 3]) {
    test(`${name} are all answered at every split, ${messagesPerTurn} in a turn`, async () => {
      const talks = [1, 2, 3].flatMap((count) =>
        everySplit(bytes, count).map((pieces) => {
          const talk = converse({ name, framing, message: (frame) => `<${frame}>` }, { messagesPerTurn });
          for (const piece of pieces) talk.send(piece);
          return { talk, split: pieces.map(String).join('|') };
        }),
      );
      for (const { talk, split } of talks) assert.equal(await talk.receive(), frames, split);
    });
  }
}
