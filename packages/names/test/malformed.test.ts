import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { rcodes } from '../src/dns/constants.ts';
import { MalformedMessage } from '../src/dns/domain-name.ts';
import { decodeQuery } from '../src/dns/query.ts';
import { encodeRejection, encodeReply, encodeTruncated } from '../src/dns/reply.ts';
import { Resolver } from '../src/resolver/resolver.ts';
import { decodeResponse, encodeUpstreamQuery } from '../src/upstream/upstream-message.ts';
import { ask, opt, queryMessage, records } from './support/messages.ts';
import { KnowingUpstream } from './support/upstreams.ts';

const MESSAGES = 100_000;

/** Numbers that look random and are the same in every run. */
function* pseudoRandom(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 8;
  }
}

/** Copies of a message with some bytes changed, cut off, or put in. */
function* mutations(originals: readonly Buffer[], count: number): Generator<Buffer> {
  const random = pseudoRandom(7);
  const below = (limit: number) => random.next().value % limit;
  for (let index = 0; index < count; index++) {
    const message = Buffer.from(originals[index % originals.length] as Buffer);
    for (let change = below(4); change >= 0; change--) {
      // Lengths, pointers and counts are hit as often as anything else.
      message[below(message.length)] = [0, 0xff, 0xc0, 0x3f, below(256)][below(5)] as number;
    }
    const kind = below(4);
    if (kind === 0) yield message.subarray(0, below(message.length + 1));
    else if (kind === 1) yield Buffer.concat([message, message.subarray(below(message.length))]);
    else yield message;
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use of the heap, in bytes, when all garbage is gone. */
function heapSize(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const queries = [
  queryMessage('www.example.com'),
  queryMessage('a.b.c.d.e.example', {
    additionals: [opt({ code: 11, data: Buffer.alloc(0) }, { code: 10, data: Buffer.alloc(8) })],
  }),
  queryMessage('.', {
    additionals: [{ type: 'MX', name: 'x.example', data: { exchange: 'y.example' } }, opt()],
  }),
  queryMessage('x', { additionals: [opt({ code: 12, data: Buffer.alloc(3_000) })] }),
];

test('a hundred thousand mutated queries are answered, rejected or ignored, and nothing is kept of the bad ones', async () => {
  const upstream = new KnowingUpstream(({ name }) => ({ answers: [records.a(name, 60, '192.0.2.1')] }));
  const resolver = new Resolver({ upstream, cacheEntries: 100 });
  const outcomes = { answered: 0, rejected: 0, ignored: 0 };
  let heapBefore = 0;
  let count = 0;
  for (const message of mutations(queries, MESSAGES)) {
    if (count++ === MESSAGES / 5) heapBefore = heapSize();
    const before = Buffer.from(message);
    const query = decodeQuery(message);
    if (query === 'ignored') outcomes.ignored++;
    else if ('rcode' in query) {
      outcomes.rejected++;
      assert.ok([rcodes.FORMERR, rcodes.NOTIMP].includes(query.rcode as 1 | 4));
      const rejection = encodeRejection(message, query);
      assert.equal(rejection.length, query.hasEdns ? 23 : 12);
      assert.ok(rejection.length <= message.length, 'it is no longer than what it answers');
    } else {
      outcomes.answered++;
      const reply = encodeReply(query, await resolver.lookup(query.question), 10_000);
      assert.equal(reply.readUInt16BE(0), reply.length - 2);
      assert.ok(encodeTruncated(query).length <= message.length + 11);
    }
    assert.ok(message.equals(before), 'what came is not changed');
  }
  assert.ok(Math.min(...Object.values(outcomes)) > 1_000, JSON.stringify(outcomes));
  assert.ok(resolver.stats().cacheEntries <= 100);
  upstream.asked.length = 0;
  const grown = heapSize() - heapBefore;
  // Code that is compiled meanwhile takes some hundreds of kilobytes.
  assert.ok(grown < 2_000_000, `the heap has grown by ${grown} bytes`);
});

test('a hundred thousand mutated responses of an upstream are read, passed over, or malformed', () => {
  const asked = encodeUpstreamQuery(ask('www.example.com'), true);
  const response = (answers: Parameters<typeof records.of>[]) => {
    const query = decodeQuery(asked.message);
    if (typeof query === 'string' || !('question' in query)) throw new Error('it is a query');
    const reply = encodeReply(query, {
      rcode: rcodes.NOERROR,
      authoritative: false,
      answers: answers.map((each) => records.of(...each)),
      authorities: [records.soa('example.com', 60, 60)],
      source: 'upstream',
    });
    return reply.subarray(2);
  };
  const name = 'www.example.com';
  const target = records.cname(name, 1, 'cdn.www.example.com').data;
  const originals = [
    response([[name, 1, 60, Buffer.from([192, 0, 2, 1])]]),
    response([
      [name, 5, 60, target],
      ['cdn.www.example.com', 15, 60, Buffer.concat([Buffer.alloc(2), target])],
      ['cdn.www.example.com', 35, 60, Buffer.concat([Buffer.from([0, 1, 0, 1, 0, 0, 0]), target])],
      ['cdn.www.example.com', 16, 60, Buffer.from('\x05hello')],
    ]),
  ];
  const outcomes = { read: 0, passedOver: 0, malformed: 0 };
  for (const message of mutations(originals, MESSAGES)) {
    try {
      if (decodeResponse(asked, message) === undefined) outcomes.passedOver++;
      else outcomes.read++;
    } catch (error) {
      assert.ok(error instanceof MalformedMessage, String(error));
      outcomes.malformed++;
    }
  }
  assert.ok(Math.min(...Object.values(outcomes)) > 1_000, JSON.stringify(outcomes));
});

test('a record whose name reaches beyond its data is malformed', () => {
  const asked = encodeUpstreamQuery(ask('a'), false);
  const header = Buffer.from(asked.message);
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 6);
  const record = Buffer.from('c00c0005000100000001000203777777036e657400', 'hex');
  assert.throws(() => decodeResponse(asked, Buffer.concat([header, record])), MalformedMessage);
  record[11] = record.length - 12;
  assert.equal(decodeResponse(asked, Buffer.concat([header, record]))?.answers.length, 1);
});

test('bytes that are no message at all are rejected or ignored', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const query = decodeQuery(Buffer.from(bytes));
      assert.ok(query === 'ignored' || 'rcode' in query || query.question.name.length > 0);
    }),
    { numRuns: 5_000 },
  );
});

test('a message full of records whose names are chains of pointers is read in time that grows with its length', () => {
  // Every record's name is a pointer to the record before it, whose name is one too.
  const asked = encodeUpstreamQuery(ask('a'), false);
  const header = Buffer.from(asked.message);
  header.writeUInt16BE(0x8180, 2);
  const parts = [header];
  let previous = 12;
  for (let at = header.length; at < 0x3ff0; at += 12) {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc000 | previous, 0);
    record.writeUInt16BE(65_400, 2);
    parts.push(record);
    previous = at;
  }
  header.writeUInt16BE(parts.length - 1, 6);
  // A name that needs more than 127 pointers is malformed, so no name costs more than that.
  assert.throws(() => decodeResponse(asked, Buffer.concat(parts)), MalformedMessage);
});
