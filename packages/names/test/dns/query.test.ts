import assert from 'node:assert/strict';
import { test } from 'node:test';
import type dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { rcodes, types } from '../../src/dns/constants.ts';
import { encodeName } from '../../src/dns/domain-name.ts';
import { decodeQuery } from '../../src/dns/query.ts';
import { decoded, opt, queryMessage } from '../support/messages.ts';

const formerr = { rcode: rcodes.FORMERR, hasEdns: false };
const formerrWithEdns = { rcode: rcodes.FORMERR, hasEdns: true };

/** The query with one byte of its header, or two, set. */
function withHeader(at: number, value: number): Buffer {
  const message = Buffer.from(queryMessage('a.example'));
  message.writeUInt16BE(value, at);
  return message;
}

/** The query for a name as it is on the wire. */
function asking(wire: Uint8Array): Buffer {
  const header = Buffer.from('000701000001000000000000', 'hex');
  return Buffer.concat([header, wire, Buffer.from([0, 1, 0, 1])]);
}

test('a query is read as dns-packet wrote it, in the case it was written', () => {
  const query = decoded(queryMessage('wWw.Example.COM'));
  assert.equal(query.id, 4_711);
  assert.deepEqual(query.question, { name: 'wWw.Example.COM', type: types.A, class: 1 });
  assert.equal(query.edns, undefined);
  assert.equal(decoded(queryMessage('.')).question.name, '.');
});

test('names of any octets are read', () => {
  const label = fc.string({ unit: fc.constantFrom(...'aZ9-_ \u00e9\u0000\n'), minLength: 1, maxLength: 63 });
  fc.assert(
    fc.property(
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
      (name) => {
        const whole = name.length <= 253;
        const result = whole
          ? decoded(asking(encodeName(name))).question.name
          : decodeQuery(asking(encodeName(name)));
        assert.deepEqual(result, whole ? name : formerr);
      },
    ),
  );
});

test('the OPT record says what the client takes, wherever it stands among additional records', () => {
  const keepalive = { code: 11, data: Buffer.alloc(0) };
  const address = { type: 'A' as const, name: 'x.example', data: '192.0.2.1' };
  const read = (...additionals: NonNullable<dnsPacket.Packet['additionals']>) =>
    decoded(queryMessage('a.example', { additionals })).edns;
  assert.deepEqual(read(opt()), { version: 0, payloadSize: 1_400, dnssec: false, keepalive: false });
  assert.equal(read({ ...opt(), flags: 0x8000, flag_do: true })?.dnssec, true);
  assert.deepEqual(read(opt(keepalive, { code: 10, data: Buffer.alloc(8) })), {
    version: 0,
    payloadSize: 1_400,
    dnssec: false,
    keepalive: true,
  });
  assert.equal(read(address, { ...opt(), ednsVersion: 3 }, address)?.version, 3);
});

test('what breaks the rules of EDNS is malformed: two OPT records, one with a name, options cut short, a time-out from a client', () => {
  const edns = (...additionals: NonNullable<dnsPacket.Packet['additionals']>) =>
    decodeQuery(queryMessage('a.example', { additionals }));
  assert.deepEqual(edns(opt(), opt()), formerrWithEdns);
  assert.deepEqual(edns(opt({ code: 11, data: Buffer.from([0, 9]) })), formerrWithEdns);
  const named = queryMessage('a.example', { additionals: [{ type: 'A', name: 'x', data: '192.0.2.1' }] });
  named.writeUInt16BE(types.OPT, named.length - 14);
  assert.deepEqual(decodeQuery(named), formerrWithEdns);
  const cut = Buffer.from(
    queryMessage('a.example', { additionals: [opt({ code: 10, data: Buffer.alloc(8) })] }),
  );
  cut.writeUInt16BE(9, cut.length - 10);
  assert.deepEqual(decodeQuery(cut), formerrWithEdns);
});

test('a message that asks nothing that is answered: FORMERR, NOTIMP, or silence', () => {
  assert.deepEqual(decodeQuery(withHeader(4, 0)), formerr, 'no question');
  assert.deepEqual(decodeQuery(withHeader(4, 2)), formerr, 'two questions');
  assert.deepEqual(decodeQuery(withHeader(6, 1)), formerr, 'an answer');
  assert.deepEqual(decodeQuery(withHeader(8, 1)), formerr, 'an authority');
  assert.deepEqual(decodeQuery(withHeader(10, 1)), formerr, 'a record that is not there');
  assert.deepEqual(
    decodeQuery(Buffer.concat([queryMessage('a'), Buffer.alloc(1)])),
    formerr,
    'bytes behind the end',
  );
  const trailing = Buffer.concat([queryMessage('a', { additionals: [opt()] }), Buffer.alloc(1)]);
  assert.deepEqual(decodeQuery(trailing), formerrWithEdns, 'bytes behind the OPT record');
  for (const opcode of [1, 2, 4, 5, 6, 15]) {
    const notImplemented = { rcode: rcodes.NOTIMP, hasEdns: false };
    assert.deepEqual(decodeQuery(withHeader(2, opcode << 11)), notImplemented, `opcode ${opcode}`);
  }
  assert.equal(decodeQuery(withHeader(2, 0x8100)), 'ignored', 'a reply');
  for (let length = 0; length < 12; length++) assert.equal(decodeQuery(Buffer.alloc(length)), 'ignored');
});

test('a message of more than 4 KiB is not looked into', () => {
  const padded = (length: number) =>
    queryMessage('a', { additionals: [opt({ code: 12, data: Buffer.alloc(length) })] });
  const room = 4_096 - padded(0).length;
  assert.equal(decoded(padded(room)).message.length, 4_096);
  assert.deepEqual(decodeQuery(padded(room + 1)), formerrWithEdns);
});

test('a label with a dot in it is not taken for two', () => {
  const name = (wire: string) => decoded(asking(Buffer.from(wire, 'latin1'))).question.name;
  const dotted = name('\x03a.b\x03com\x00');
  assert.notEqual(dotted, name('\x01a\x01b\x03com\x00'));
  assert.deepEqual(encodeName(dotted), Buffer.from('\x03a.b\x03com\x00', 'latin1'));
});

test('how a question is to be answered is said by RD, CD and DO', () => {
  const queryFlags = (flags: number, dnssec: boolean) =>
    decoded(queryMessage('a.example', { flags, additionals: dnssec ? [{ ...opt(), flags: 0x8000 }] : [] }))
      .queryFlags;
  assert.deepEqual(queryFlags(0x100, false), { recursion: true, checkingDisabled: false, dnssec: false });
  assert.deepEqual(queryFlags(0x10, false), { recursion: false, checkingDisabled: true, dnssec: false });
  assert.deepEqual(queryFlags(0x110, true), { recursion: true, checkingDisabled: true, dnssec: true });
});

test('that a rejected message has an OPT record is seen wherever the record stands', () => {
  const notify = queryMessage('a.example', {
    answers: [{ type: 'A', name: 'a.example', data: '192.0.2.1' }],
    additionals: [{ type: 'A', name: 'b.example', data: '192.0.2.1' }, opt()],
  });
  notify.writeUInt16BE(4 << 11, 2);
  assert.deepEqual(decodeQuery(notify), { rcode: rcodes.NOTIMP, hasEdns: true });
  assert.deepEqual(decodeQuery(notify.subarray(0, -12)), { rcode: rcodes.NOTIMP, hasEdns: false });
});

test('a question is not compressed, since nothing stands before it', () => {
  assert.deepEqual(decodeQuery(asking(Buffer.from([0xc0, 12]))), formerr);
  assert.deepEqual(decodeQuery(asking(Buffer.from([1, 97, 0xc0, 12]))), formerr);
});

test('a query that is cut anywhere is malformed', () => {
  const message = queryMessage('www.example.com', {
    additionals: [opt({ code: 10, data: Buffer.alloc(8) })],
  });
  for (let length = 12; length < message.length; length++) {
    const query = decodeQuery(message.subarray(0, length));
    assert.ok(query !== 'ignored' && 'rcode' in query && query.rcode === rcodes.FORMERR, `${length} bytes`);
  }
});
