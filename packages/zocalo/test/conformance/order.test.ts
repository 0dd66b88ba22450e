import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { inBatches, onEveryLoop, type Subject, upTo } from '@zocalo/test-support/models.ts';
import { everySplit } from '@zocalo/test-support/pieces.ts';
import type { FrameOptions } from '@zocalo/test-support/protocols/frames.ts';
import { serveCommands, serveFrames } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import type { ServeOptions } from '../../src/index.ts';

type Conversation = { name: string; frames: FrameOptions; bytes: Buffer; answer: string };

const conversations: Conversation[] = [
  {
    name: 'lines',
    frames: { framing: 'lines', size: 6 },
    bytes: Buffer.from('one\r\n\nthrée\n'),
    answer: '<one><><thrée>',
  },
  {
    name: 'lines answered by promises',
    frames: { framing: 'lines', size: 6, keep: 0 },
    bytes: Buffer.from('one\r\n\nthrée\n'),
    answer: '<one><><thrée>',
  },
  {
    name: 'length-prefixed frames',
    frames: { framing: 'prefixed', size: 4 },
    bytes: Buffer.from('\0\x03one\0\0\0\x04four', 'latin1'),
    answer: '<one><><four>',
  },
  {
    name: 'frames of a fixed size',
    frames: { framing: 'fixed', size: 3 },
    bytes: Buffer.from('onetwosix'),
    answer: '<one><two><six>',
  },
];

const turns: ServeOptions[] = [{}, { messagesPerTurn: 1 }];

/** All of them, or, where each takes its time, a dozen from every part. */
function splitsFor({ traits }: Subject, all: readonly Buffer[][]): readonly Buffer[][] {
  const slow = traits.spawnsPerClient || traits.clientsAtOnce === 1;
  return slow ? all.filter((_, i) => i % Math.ceil(all.length / 12) === 0) : all;
}

onEveryLoop((subject) => {
  for (const options of turns) {
    const how = options.messagesPerTurn === undefined ? '' : ', one message a turn';
    for (const { name, frames, bytes, answer } of conversations) {
      test(`${name} are answered alike at every split into two and three pieces${how}`, async () => {
        await using server = await serveFrames(subject, frames, {
          ...options,
          maxClients: upTo(subject, 1_000),
        });
        const all = splitsFor(subject, [...everySplit(bytes, 2), ...everySplit(bytes, 3)]);
        let sent = 0;
        for (const splits of inBatches(subject, all)) {
          const clients = await Promise.all(splits.map(() => TestClient.connect(server.address)));
          // All send their first pieces; only when the server has received them all come the second ones, and so on: what is
          // split here reaches the server split.
          for (let piece = 0; piece < 3; piece++) {
            for (const [i, split] of splits.entries()) {
              clients[i]?.send(split[piece] ?? '');
              sent += split[piece]?.length ?? 0;
            }
            await eventually(`piece ${piece + 1} arrives`, () => server.stats().bytesIn === sent);
          }
          for (const [i, client] of clients.entries()) {
            // Everything is answered before the client finishes, and nothing comes after it.
            const read = await client.readBytes(Buffer.byteLength(answer));
            client.finish();
            assert.equal(
              read.toString() + (await client.readText()),
              answer,
              `split ${splits[i]?.join('|')}`,
            );
          }
          await eventually('all have left', () => server.stats().active === 0);
        }
      });
    }
  }

  test('1,000 lines in one packet are answered in order', async () => {
    await using server = await serveCommands(subject);
    using client = await TestClient.connect(server.address);
    const lines = Array.from({ length: 1_000 }, (_, i) => `${i}`);
    client.send(lines.map((line) => `echo ${line}\n`).join(''));
    assert.deepEqual(await client.readLines(1_000), lines);
  });

  test('quick answers wait for slow ones before them', async () => {
    await using server = await serveCommands(subject);
    using client = await TestClient.connect(server.address);
    client.finish('later 40 a\necho b\ncountLater 2\nlater 1 c\nnested\necho d\n');
    assert.equal(await client.readText(), 'a\nb\nline 1\nline 2\nc\nabcde\nd\n');
  });

  test('with a concurrency above 1 a quick answer overtakes a slow one, and each is written whole', async () => {
    await using server = await serveCommands(subject, {}, { concurrency: 8 });
    using client = await TestClient.connect(server.address);
    client.send('never\ncountLater 50\necho quick\n');
    const read = await client.readUntil('line 50\n');
    assert.equal(
      read.replace('quick\n', ''),
      Array.from({ length: 50 }, (_, i) => `line ${i + 1}\n`).join(''),
    );
    if (!read.includes('quick')) assert.equal(await client.readLine(), 'quick');
  });

  test('many clients at once each get their own answers in their own order', async () => {
    const count = upTo(subject, 50);
    await using server = await serveCommands(subject, { maxClients: count });
    using clients = await TestClient.connectAll(server.address, count);
    for (let round = 0; round < 20; round++) {
      for (const [i, client] of clients.entries()) client.send(`echo ${i} ${round}\n`);
    }
    for (const [i, client] of clients.entries()) {
      client.finish();
      const expected = Array.from({ length: 20 }, (_, round) => `${i} ${round}\n`).join('');
      assert.equal(await client.readText(), expected);
    }
  });

  test('frames that are larger than a receive buffer arrive whole', async () => {
    const size = 1_000_000;
    await using server = await serveFrames(subject, { framing: 'lines', size });
    using client = await TestClient.connect(server.address);
    const line = 'x'.repeat(size);
    client.finish(`${line}\n${line}\n`);
    assert.equal(await client.readText(), `<${line}><${line}>`);
  });
});
