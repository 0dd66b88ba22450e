import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines, type Reply, raw } from '../../src/index.ts';
import { defaultSessionLimits } from '../../src/session/limits.ts';
import { Session } from '../../src/session/session.ts';
import { converse } from '../../src/testing/index.ts';
import { MemoryHost } from '../../src/testing/memory-host.ts';
import { afterTurns, answering, echo } from './support.ts';

const CHUNK = 65_536;
const GIB = 1_073_741_824;

/** A long answer in chunks, and how much of it has been pulled. */
class Flood {
  pulled = 0;
  readonly #chunk: Buffer;
  readonly #total: number;

  constructor(total: number, chunk = CHUNK) {
    this.#total = total;
    this.#chunk = Buffer.alloc(chunk, 'x');
  }

  *chunks(): Generator<Buffer> {
    while (this.pulled < this.#total) {
      this.pulled += this.#chunk.length;
      yield this.#chunk;
    }
  }

  async *asyncChunks(): AsyncGenerator<Buffer> {
    for (const chunk of this.chunks()) {
      await afterTurns(undefined);
      yield chunk;
    }
  }
}

const forms: { name: string; answer: (flood: Flood) => Reply }[] = [
  { name: 'a generator', answer: (flood) => flood.chunks() },
  { name: 'an async generator', answer: (flood) => flood.asyncChunks() },
  { name: 'a generator in an array in a promise', answer: async (flood) => [[flood.chunks()]] },
];

for (const { name, answer } of forms) {
  test(`a client that never reads costs the high-water mark and one chunk, however much ${name} has to send`, async () => {
    for (const highWater of [1, 65_536, 100_000]) {
      const flood = new Flood(GIB);
      const talk = converse(
        answering(() => answer(flood)),
        { highWater },
      );
      talk.stopReading();
      talk.send('x\n');
      await talk.settle();
      assert.ok(flood.pulled >= highWater, `only ${flood.pulled} bytes were pulled`);
      assert.ok(flood.pulled <= highWater + CHUNK, `${flood.pulled} bytes were pulled`);
      assert.equal(talk.hasOutput, true);
    }
  });

  test(`a client that reads slowly never costs more, and gets all of ${name}`, async () => {
    const total = 1_000_000;
    const flood = new Flood(total, 1_000);
    const talk = converse(
      answering(() => answer(flood)),
      { highWater: 5_000 },
    );
    talk.stopReading();
    talk.send('x\n');
    for (let read = 0; read < total; read += 7_000) {
      talk.startReading(7_000);
      await talk.settle();
      assert.ok(
        flood.pulled - talk.bytesOut <= 5_000 + 1_000,
        `${flood.pulled - talk.bytesOut} bytes are buffered`,
      );
    }
    assert.equal((await talk.receiveBytes()).length, total);
    assert.equal(talk.hasOutput, false);
  });
}

test('a reader that takes everything makes the generator go on in one turn, up to what one client may be sent', () => {
  const flood = new Flood(GIB);
  const talk = converse(answering(() => flood.chunks()));
  talk.send('x\n');
  assert.ok(talk.bytesOut <= 4 * CHUNK, `${talk.bytesOut} bytes were sent in one turn`);
  talk.stop();
});

test('several answers at once have one output between them', async () => {
  const floods = Array.from({ length: 8 }, () => new Flood(GIB));
  let asked = 0;
  const talk = converse(
    answering(() => floods[asked++]?.chunks(), { concurrency: 8 }),
    { highWater: 100_000 },
  );
  talk.stopReading();
  talk.send('x\n'.repeat(8));
  await talk.settle();
  const pulled = floods.reduce((sum, flood) => sum + flood.pulled, 0);
  assert.ok(pulled <= 100_000 + CHUNK, `${pulled} bytes were pulled`);
});

test('no message is begun while the output is full, and all are once there is room', async () => {
  const talk = converse(
    answering((line) => line.padEnd(40, '.')),
    { highWater: 100 },
  );
  talk.stopReading();
  talk.send('line\n'.repeat(50));
  await talk.settle();
  assert.equal(talk.messages, 3);
  talk.startReading(80);
  await talk.settle();
  assert.equal(talk.messages, 5);
  talk.startReading();
  assert.equal((await talk.receive()).length, 50 * 40);
  assert.equal(talk.messages, 50);
});

test('a client that does not read is not read from', async () => {
  const talk = converse({ name: 'echo', framing: raw(), message: (bytes) => bytes }, { highWater: 10_000 });
  talk.stopReading();
  for (let i = 0; i < 100; i++) talk.send(Buffer.alloc(1_000, 'x'));
  await talk.settle();
  assert.equal(talk.serverReads, false);
  assert.equal(talk.bytesIn, 10_000);
  assert.equal(talk.unread, 90_000);
  talk.startReading();
  assert.equal((await talk.receiveBytes()).length, 100_000);
  assert.equal(talk.unread, 0);
  assert.equal(talk.serverReads, true);
});

test('unsolicited messages that are not read hold the client back as answers do', async () => {
  const talk = converse(answering(echo), { highWater: 10 });
  talk.stopReading();
  talk.client.send('1234567890');
  talk.send('x\n');
  await talk.settle();
  assert.deepEqual([talk.messages, talk.serverReads, talk.unread], [0, false, 2]);
  talk.startReading();
  assert.equal(await talk.receive(), '1234567890x\n');
});

test('what is read ahead behind a begun line, while the output is full, is not taken for one long line', () => {
  const host = new MemoryHost({ ...defaultSessionLimits, highWater: 100 }, { activeClients: 2 });
  const protocol = { ...answering(echo), framing: lines({ maxLength: 10 }) };
  const session = new Session(
    protocol,
    { id: 1, remoteAddress: '', remotePort: 0, localPort: 0, dialect: 'x' },
    host,
  );
  const receive = (text: string) => session.receive(Buffer.from(text), text.length);
  session.open();
  receive('be');
  // Another client's handler says much, after the loop has seen that this one can be read.
  session.client.send('x'.repeat(100));
  receive('gun\none\ntwo\nthree\n');
  let sent = '';
  for (let bytes = session.outgoing(); bytes !== undefined; bytes = session.outgoing()) {
    sent += Buffer.from(bytes).toString();
    session.sent(bytes.length);
  }
  assert.equal(sent.replace(/^x+/, ''), 'begun\none\ntwo\nthree\n');
  assert.equal(host.closed, undefined);
});
