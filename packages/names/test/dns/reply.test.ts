import assert from 'node:assert/strict';
import { test } from 'node:test';
import dnsPacket, { type DecodedPacket } from 'dns-packet';
import fc from 'fast-check';
import { type Answer, type DnsRecord, failure } from '../../src/dns/answer.ts';
import { classes, rcodes, types } from '../../src/dns/constants.ts';
import { encodeName } from '../../src/dns/domain-name.ts';
import { pack, unpack } from '../../src/dns/packed-answer.ts';
import { encodeRejection, encodeReply, encodeTruncated } from '../../src/dns/reply.ts';
import { LazyAnswer } from '../../src/resolver/lazy-answer.ts';
import { ask, decoded, opt, queryMessage, records } from '../support/messages.ts';

function answer(answers: readonly DnsRecord[], authorities: readonly DnsRecord[] = []): Answer {
  return { rcode: rcodes.NOERROR, authoritative: false, answers, authorities, source: 'upstream' };
}

/** A client that wants recursion, and says that it understands AD. */
const everyFlag = dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHENTIC_DATA;

/** The reply as dns-packet reads it; its length in front must be right. */
function read(framed: Buffer): Decoded {
  assert.equal(framed.readUInt16BE(0), framed.length - 2);
  return decode(framed.subarray(2));
}

/** What the types of dns-packet leave out. */
type Decoded = DecodedPacket & { rcode: string; opcode: string };

function decode(message: Buffer): Decoded {
  return dnsPacket.decode(message) as Decoded;
}

const withEdns = (...options: { code: number; data: Buffer }[]) =>
  decoded(queryMessage('wWw.example.com', { additionals: [opt(...options)] }));

test('a reply has the id, the question as it was asked, and the records', () => {
  const reply = read(
    encodeReply(
      decoded(queryMessage('wWw.example.com', { flags: everyFlag })),
      answer([
        records.cname('www.example.com', 300, 'cdn.example.NET'),
        records.a('cdn.example.net', 20, '192.0.2.1'),
        records.aaaa('cdn.example.net', 20, '2001:db8::1'),
      ]),
    ),
  );
  assert.deepEqual(
    [reply.id, reply.rcode, reply.flag_qr, reply.flag_aa, reply.flag_tc],
    [4_711, 'NOERROR', true, false, false],
  );
  assert.deepEqual([reply.flag_rd, reply.flag_ra, reply.flag_ad], [true, true, false]);
  assert.deepEqual(reply.questions, [{ name: 'wWw.example.com', type: 'A', class: 'IN' }]);
  assert.deepEqual(
    reply.answers?.map((record) => [
      record.name,
      record.type,
      'ttl' in record && record.ttl,
      'data' in record && record.data,
    ]),
    [
      ['wWw.example.com', 'CNAME', 300, 'cdn.example.NET'],
      ['cdn.example.NET', 'A', 20, '192.0.2.1'],
      ['cdn.example.NET', 'AAAA', 20, '2001:db8::1'],
    ],
  );
  assert.deepEqual(reply.additionals, []);
});

test('names are compressed, those in the data of old types too, and in no others', () => {
  const size = (record: DnsRecord) =>
    encodeReply(decoded(queryMessage('www.example.com')), answer([record])).length -
    encodeReply(decoded(queryMessage('www.example.com')), answer([])).length;
  const target = encodeName('mail.example.com');
  assert.equal(size(records.cname('www.example.com', 1, 'mail.EXAMPLE.com')), 2 + 10 + 5 + 2);
  assert.equal(
    size(records.of('www.example.com', types.MX, 1, Buffer.concat([Buffer.alloc(2), target]))),
    2 + 10 + 2 + 5 + 2,
  );
  assert.equal(
    size(records.of('www.example.com', types.SRV, 1, Buffer.concat([Buffer.alloc(6), target]))),
    2 + 10 + 6 + target.length,
  );
  assert.equal(size(records.of('example.com', 65_400, 1, target)), 2 + 10 + target.length);
});

test('a name that stands too far back for a pointer is written again', () => {
  const wire = (name: string) => Buffer.concat([Buffer.alloc(2), encodeName(name)]);
  const exchanges = Array.from(
    { length: 1_400 },
    (_, index) => `mail${index % 700}.other${index % 700}.example`,
  );
  const answers = exchanges.map((name) => records.of('www.example.com', types.MX, 1, wire(name)));
  const framed = encodeReply(decoded(queryMessage('www.example.com')), answer(answers));
  assert.ok(framed.length > 0x4000);
  const read = decode(framed.subarray(2)).answers ?? [];
  assert.deepEqual(
    read.map((record) => record.type === 'MX' && record.data.exchange),
    exchanges,
  );
});

test('a TTL is counted down, and not below nothing', () => {
  const question = ask('wWw.example.com');
  const packed = pack(
    question,
    [records.a(question.name, 300, '192.0.2.1'), records.a(question.name, 5, '192.0.2.2')],
    [],
  );
  assert.ok(packed !== undefined);
  const kept = new LazyAnswer(question, { rcode: rcodes.NOERROR, packed }, 'cache', 100);
  const ttls = (ofAnswer: Pick<Answer, 'answers'>) => ofAnswer.answers.map(({ ttl }) => ttl);
  assert.deepEqual(ttls(kept), [200, 0]);
  const reply = read(encodeReply(decoded(queryMessage('WWW.example.com')), kept));
  assert.deepEqual(
    reply.answers?.map((record) => 'ttl' in record && record.ttl),
    [200, 0],
  );
  assert.equal(reply.answers?.[0]?.name, 'WWW.example.com');
  assert.equal(packed.body.readUInt32BE(packed.ttls[0]), 300, 'what is kept is as it was');
});

test('records that are packed come out as they went in', () => {
  const label = fc.string({ unit: fc.constantFrom(...'abC\u00e9'), minLength: 1, maxLength: 5 });
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const named = (before: number, names: number, after: number) =>
    fc
      .tuple(bytes(before), fc.array(name, { minLength: names, maxLength: names }), bytes(after))
      .map(([front, list, back]) => Buffer.concat([front, ...list.map(encodeName), back]));
  const typed = fc.oneof(
    fc.record({ type: fc.constantFrom(types.CNAME, types.NS, types.PTR), data: named(0, 1, 0) }),
    fc.record({ type: fc.constant(types.MX), data: named(2, 1, 0) }),
    fc.record({ type: fc.constant(types.SOA), data: named(0, 2, 20) }),
    fc.record({ type: fc.constant(types.SRV), data: named(6, 1, 0) }),
    fc.record({
      type: fc.constantFrom(types.A, 65_400),
      data: fc.uint8Array({ maxLength: 300 }).map(Buffer.from),
    }),
  );
  const record = fc
    .tuple(name, typed, fc.nat(0x7fff_ffff))
    .map(([owner, { type, data }, ttl]) => ({ name: owner, type, class: classes.IN, ttl, data }));
  const lower = (list: readonly DnsRecord[]) =>
    list.map((each) => ({
      ...each,
      name: each.name.toLowerCase(),
      data: Buffer.from(each.data).toString('latin1').toLowerCase(),
    }));
  fc.assert(
    fc.property(
      name,
      fc.array(record, { maxLength: 20 }),
      fc.array(record, { maxLength: 3 }),
      (asked, answers, authorities) => {
        const question = ask(asked);
        const packed = pack(question, answers, authorities);
        assert.ok(packed !== undefined);
        const unpacked = unpack(question, packed, 0);
        assert.deepEqual(lower(unpacked.answers), lower(answers));
        assert.deepEqual(lower(unpacked.authorities), lower(authorities));
        const reply = encodeReply(decoded(queryMessage('x')), answer([]));
        assert.ok(reply.length > 0);
      },
    ),
  );
});

test('a client that sends an OPT record gets one; its time-out when it asks, in tenths of a second', () => {
  const keepalive = { code: 11, data: Buffer.alloc(0) };
  const options = (framed: Buffer) => {
    const [record, ...others] = read(framed).additionals ?? [];
    assert.ok(record?.type === 'OPT' && others.length === 0);
    assert.deepEqual([record.udpPayloadSize, record.ednsVersion, record.extendedRcode], [1_232, 0, 0]);
    return framed.subarray(framed.length - 6).toString('hex');
  };
  assert.notEqual(options(encodeReply(withEdns(), answer([]), 10_000)), '000b00020064');
  assert.equal(options(encodeReply(withEdns(keepalive), answer([]), 10_000)), '000b00020064');
  assert.equal(
    options(encodeReply(withEdns(keepalive), answer([]), Number.POSITIVE_INFINITY)),
    '000b0002ffff',
  );
});

test('an rcode above 15 is in the OPT record with its upper bits', () => {
  const reply = read(encodeReply(withEdns(), failure(rcodes.BADVERS, 'too new')));
  const [record] = reply.additionals ?? [];
  assert.ok(record?.type === 'OPT');
  assert.deepEqual([record.extendedRcode, reply.rcode], [1, 'NOERROR']);
});

test('the bit DO is repeated', () => {
  const asked = (flags: number) => decoded(queryMessage('a.example', { additionals: [{ ...opt(), flags }] }));
  for (const [flags, dnssec] of [
    [0x8000, true],
    [0, false],
  ] as const) {
    const [record] = read(encodeReply(asked(flags), answer([]))).additionals ?? [];
    assert.ok(record?.type === 'OPT');
    assert.equal(record.flag_do, dnssec);
    const [overUdp] = decode(encodeTruncated(asked(flags))).additionals ?? [];
    assert.ok(overUdp?.type === 'OPT' && overUdp.flag_do === dnssec);
  }
});

test('a failure and an old answer say why, to clients with EDNS', () => {
  const error = (result: Answer) => {
    const framed = encodeReply(withEdns(), result);
    assert.equal(read(framed).rcode, result.rcode === rcodes.SERVFAIL ? 'SERVFAIL' : 'NOERROR');
    const text = framed.indexOf('no one answers');
    return [framed.readUInt16BE(text - 6), framed.readUInt16BE(text - 4), framed.readUInt16BE(text - 2)];
  };
  assert.deepEqual(error(failure(rcodes.SERVFAIL, 'no one answers')), [15, 16, 22]);
  assert.deepEqual(error({ ...answer([]), source: 'stale', reason: 'no one answers' }), [15, 16, 3]);
});

test('an answer may take all of a message, 65,535 bytes; one that is longer is a failure', () => {
  const query = queryMessage('a.example');
  const filled = (length: number) => answer([records.of('a.example', 65_400, 1, Buffer.alloc(length))]);
  const room = 65_535 - query.length - 12;
  const whole = encodeReply(decoded(query), filled(room));
  assert.deepEqual([whole.length - 2, read(whole).rcode], [65_535, 'NOERROR']);
  assert.equal(read(encodeReply(decoded(query), filled(room + 1))).rcode, 'SERVFAIL');
  // The OPT record has its room too, and an error in it only when there is room left.
  const asked = withEdns();
  const beside = 65_535 - asked.questionEnd - 12 - 11;
  const old = (length: number): Answer => ({
    ...answer([records.of('wWw.example.com', 65_400, 1, Buffer.alloc(length))]),
    source: 'stale',
    reason: 'no one answers',
  });
  assert.equal(read(encodeReply(asked, old(beside))).additionals?.length, 1);
  assert.equal(encodeReply(asked, old(beside)).length - 2, 65_535);
  const failed = read(encodeReply(asked, old(beside + 1)));
  assert.deepEqual([failed.rcode, failed.additionals?.length], ['SERVFAIL', 1]);
  const many = Array.from({ length: 5_000 }, () => records.a('a.example', 1, '192.0.2.1'));
  assert.equal(read(encodeReply(decoded(query), answer(many))).rcode, 'SERVFAIL');
  assert.equal(read(encodeReply(decoded(query), answer(many.slice(0, 4_000)))).answers?.length, 4_000);
});

test('names in the data of newer types are compressed when they do not fit otherwise, as their senders did', () => {
  const target = (index: number) =>
    `host${index}.a-rather-long-name-of-a-data-centre.of.a-company.example.com`;
  const srv = (index: number) => {
    const numbers = Buffer.alloc(6);
    numbers.writeUInt16BE(index, 4);
    return records.of('wWw.example.com', types.SRV, 1, Buffer.concat([numbers, encodeName(target(index))]));
  };
  const reply = encodeReply(withEdns(), answer(Array.from({ length: 1_200 }, (_, index) => srv(index))));
  const { rcode, answers = [] } = read(reply);
  assert.deepEqual([rcode, answers.length], ['NOERROR', 1_200]);
  for (const [index, record] of answers.entries())
    assert.ok(record.type === 'SRV' && record.data.target === target(index) && record.data.port === index);
});

test('over UDP a reply says nothing but to come over TCP', () => {
  const message = encodeTruncated(withEdns());
  const reply = decode(message);
  assert.deepEqual([reply.id, reply.flag_qr, reply.flag_tc, reply.rcode], [4_711, true, true, 'NOERROR']);
  assert.deepEqual(
    [reply.questions?.length, reply.answers?.length, reply.additionals?.[0]?.type],
    [1, 0, 'OPT'],
  );
  assert.ok(message.length <= 12 + 21 + 11, 'it is no longer than what was asked');
});

test('what is rejected gets its id, its opcode and an rcode back', () => {
  const notify = queryMessage('a.example');
  notify.writeUInt16BE(4 << 11, 2);
  const message = encodeRejection(notify, { rcode: rcodes.NOTIMP, hasEdns: false });
  assert.equal(message.length, 12);
  const reply = decode(message);
  assert.deepEqual([reply.id, reply.opcode, reply.rcode, reply.questions], [4_711, 'NOTIFY', 'NOTIMP', []]);
  assert.deepEqual(reply.additionals, []);
  const [record, ...others] =
    decode(encodeRejection(notify, { rcode: rcodes.NOTIMP, hasEdns: true })).additionals ?? [];
  assert.ok(record?.type === 'OPT' && others.length === 0);
});
