import assert from 'node:assert/strict';
import { test } from 'node:test';
import dnsPacket, { type Answer } from 'dns-packet';
import fc from 'fast-check';
import { types } from '../../src/dns/constants.ts';
import { dataText, typeName } from '../../src/dns/record-text.ts';
import { readRecords } from '../../src/dns/records.ts';
import { records } from '../support/messages.ts';

/** The text of a record as dns-packet writes it. */
function textOf(record: Answer): string {
  const message = dnsPacket.encode({ type: 'response', answers: [record] });
  const [read] = readRecords(message, 12, 1).records;
  assert.ok(read !== undefined);
  return `${typeName(read.type)} ${dataText(read)}`;
}

const raw = (type: number, data: Buffer) => dataText(records.of('a', type, 1, data));

test('records are shown as zone files have them', () => {
  const name = 'x.example';
  const shown: [Answer, string][] = [
    [{ name, type: 'A', data: '192.0.2.1' }, 'A 192.0.2.1'],
    [{ name, type: 'AAAA', data: '2001:db8::1' }, 'AAAA 2001:db8::1'],
    [{ name, type: 'CNAME', data: 'Target.example' }, 'CNAME Target.example.'],
    [{ name, type: 'NS', data: 'ns.example' }, 'NS ns.example.'],
    [{ name, type: 'PTR', data: '.' }, 'PTR .'],
    [{ name, type: 'DNAME', data: 'other.example' }, 'DNAME other.example.'],
    [{ name, type: 'MX', data: { preference: 10, exchange: 'mail.x.example' } }, 'MX 10 mail.x.example.'],
    [
      { name, type: 'SRV', data: { priority: 1, weight: 2, port: 53, target: 'x.example' } },
      'SRV 1 2 53 x.example.',
    ],
    [
      {
        name,
        type: 'SOA',
        data: {
          mname: 'ns.x.example',
          rname: 'admin.x.example',
          serial: 4_000_000_000,
          refresh: 2,
          retry: 3,
          expire: 4,
          minimum: 5,
        },
      },
      'SOA ns.x.example. admin.x.example. 4000000000 2 3 4 5',
    ],
    [
      { name, type: 'TXT', data: ['one "two"', '\\', 'a\n\u00e9', ''] },
      'TXT "one \\"two\\"" "\\\\" "a\\010\\195\\169" ""',
    ],
    [
      { name, type: 'CAA', data: { flags: 128, tag: 'issue', value: 'ca.example; x="y"' } },
      'CAA 128 issue "ca.example; x=\\"y\\""',
    ],
    [
      {
        name,
        type: 'RRSIG',
        data: {
          typeCovered: 'A',
          algorithm: 8,
          labels: 2,
          originalTTL: 300,
          expiration: 1_800_000_000,
          inception: 1_700_000_000,
          keyTag: 4_711,
          signersName: 'x.example',
          signature: Buffer.from('signature'),
        },
      },
      'RRSIG A 8 2 300 20270115080000 20231114221320 4711 x.example. c2lnbmF0dXJl',
    ],
    [
      { name, type: 'DNSKEY', data: { flags: 257, algorithm: 8, key: Buffer.from('key') } },
      'DNSKEY 257 3 8 a2V5',
    ],
    [{ name, type: 'HINFO', data: { cpu: 'PDP-11', os: 'UNIX' } }, 'HINFO "PDP-11" "UNIX"'],
    [
      {
        name,
        type: 'DS',
        data: { keyTag: 1, algorithm: 8, digestType: 2, digest: Buffer.from('00ff', 'hex') },
      },
      'DS 1 8 2 00ff',
    ],
    [
      {
        name,
        type: 'TLSA',
        data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from('abcd', 'hex') },
      },
      'TLSA 3 1 1 abcd',
    ],
  ];
  for (const [record, text] of shown) assert.equal(textOf(record), text);
});

test('types that are not known, and data that is not what its type says, are shown as octets', () => {
  assert.equal(typeName(65_400), 'TYPE65400');
  assert.equal(raw(65_400, Buffer.from([1, 0xab])), '\\# 2 01ab');
  assert.equal(raw(65_400, Buffer.alloc(0)), '\\# 0');
  assert.equal(raw(types.A, Buffer.from([1, 2, 3])), '\\# 3 010203');
  assert.equal(raw(types.TXT, Buffer.from([5, 97])), '\\# 2 0561');
  assert.equal(raw(types.CNAME, Buffer.from([1, 97])), '\\# 2 0161');
  assert.equal(raw(types.CNAME, Buffer.from([1, 97, 0, 0])), '\\# 4 01610000');
  assert.equal(raw(257, Buffer.from([0])), '\\# 1 00');
});

test('a CAA whose tag is not of letters and digits is shown as data', () => {
  const caa = (tag: string) =>
    raw(257, Buffer.from(`\x80${String.fromCharCode(tag.length)}${tag}v`, 'latin1'));
  assert.equal(caa('Issue5'), '128 Issue5 "v"');
  assert.equal(caa('\n'), '\\# 4 80010a76');
  assert.equal(caa('\x1b[2J'), '\\# 7 80041b5b324a76');
  assert.equal(caa(''), '\\# 3 800076');
});

test('whatever the data is, it is shown on one line of printable ASCII', () => {
  // Most of the numbers are types without a form of their own.
  const type = fc.oneof(fc.constantFrom(...Object.values(types), 13, 257), fc.integer({ min: 0, max: 300 }));
  fc.assert(
    fc.property(type, fc.uint8Array({ maxLength: 40 }), (type, data) => {
      assert.match(raw(type, Buffer.from(data)), /^[\x20-\x7e]+$/);
    }),
    { numRuns: 5_000 },
  );
});
