import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeName,
  lowerCase,
  MalformedMessage,
  nameText,
  parseName,
  presentName,
  readName,
} from '../../src/dns/domain-name.ts';
import { formatAddress, parseAddress, reversedAddress, reverseName } from '../../src/dns/ip-address.ts';

const octets = (key: string | undefined) => key && [...Buffer.from(key, 'latin1')];

test('IPv4 addresses are four decimal numbers, and nothing that looks like them', () => {
  assert.deepEqual(octets(parseAddress('192.0.2.255')), [192, 0, 2, 255]);
  assert.deepEqual(octets(parseAddress('0.0.0.0')), [0, 0, 0, 0]);
  for (const text of [
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '0x7f.1.1.1',
    '',
    '1..2.3',
    '127.1',
  ]) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test('IPv6 addresses are read in all their forms, and a zone is dropped', () => {
  const last = (text: string) => octets(parseAddress(text))?.slice(-2);
  assert.deepEqual(last('::1'), [0, 1]);
  assert.deepEqual(last('fe80::1%eth0'), [0, 1]);
  assert.deepEqual(octets(parseAddress('::')), Array(16).fill(0));
  assert.deepEqual(octets(parseAddress('::ffff:192.0.2.1'))?.slice(10), [255, 255, 192, 0, 2, 1]);
  assert.deepEqual(octets(parseAddress('2001:DB8::')), [0x20, 1, 0xd, 0xb8, ...Array(12).fill(0)]);
  for (const text of ['::1::', ':1', '1:2:3:4:5:6:7', 'g::', '::1/64', '%eth0']) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test('an address that is written is read as the same, and written as RFC 5952 wants it', () => {
  assert.equal(
    formatAddress(Buffer.from(parseAddress('2001:DB8:0:0:1:0:0:1') as string, 'latin1')),
    '2001:db8::1:0:0:1',
  );
  assert.equal(
    formatAddress(Buffer.from(parseAddress('1:0:2:3:4:5:6:7') as string, 'latin1')),
    '1:0:2:3:4:5:6:7',
  );
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const key = parseAddress(groups.map((value) => value.toString(16)).join(':')) as string;
      const text = formatAddress(Buffer.from(key, 'latin1'));
      assert.ok(isIPv6(text), text);
      assert.equal(parseAddress(text), key);
      assert.equal(
        new URL(`http://[${text.includes('.') ? '::' : text}]`).hostname,
        `[${text.includes('.') ? '::' : text}]`,
      );
    }),
  );
});

test('the reverse name of an address leads back to it', () => {
  assert.equal(reverseName('192.0.2.1'), '1.2.0.192.in-addr.arpa');
  assert.equal(reverseName('2001:db8::1'), `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`);
  assert.equal(reverseName('no address'), undefined);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      assert.equal(reversedAddress((reverseName(text) as string).toUpperCase()), parseAddress(text));
    }),
  );
  for (const name of [
    '2.0.192.in-addr.arpa',
    'x.1.2.0.192.in-addr.arpa',
    'ip6.arpa',
    '1.0.ip6.arpa',
    'arpa',
    '.',
  ]) {
    assert.equal(reversedAddress(name), undefined, name);
  }
});

test('a name that is encoded is read as the same', () => {
  const label = fc.string({ unit: fc.constantFrom(...'aZ0-_ \\\u00e9\u0000'), minLength: 1, maxLength: 63 });
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  fc.assert(
    fc.property(
      name.filter((text) => text.length <= 253),
      (text) => {
        const wire = encodeName(text);
        assert.deepEqual(readName(wire, 0), { wire, end: wire.length });
        assert.equal(nameText(wire), text);
      },
    ),
  );
  const anyLabel = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(anyLabel, { minLength: 1, maxLength: 6 }), (labels) => {
      const wire = Buffer.from([...labels.flatMap((each) => [each.length, ...each]), 0]);
      assert.deepEqual(encodeName(nameText(wire) as string), wire);
    }),
  );
  assert.deepEqual([...encodeName('.')], [0]);
  assert.equal(nameText(Buffer.alloc(1)), '.');
});

test('only ASCII letters are folded: other octets of latin1 are different names', () => {
  assert.equal(lowerCase('WwW.Example'), 'www.example');
  assert.equal(lowerCase('\u00c9.A'), '\u00c9.a');
});

test('a dot inside a label is kept apart from those between labels, and is escaped for people', () => {
  const wire = Buffer.from('\x03a.b\x03com\x00', 'latin1');
  const text = nameText(wire);
  assert.notEqual(text, 'a.b.com');
  assert.deepEqual([text?.length, text?.split('.').length], ['a.b.com'.length, 2]);
  assert.deepEqual(encodeName(text as string), wire);
  assert.equal(presentName(wire), 'a\\.b.com.');
  assert.equal(parseName('a\\.b.com'), text);
  assert.equal(parseName('a\\046b.com.'), text);
  assert.equal(presentName(Buffer.from('\x03a\n"\x00', 'latin1')), 'a\\010\\".');
});

test('people write names with or without the last dot, and in their own script', () => {
  assert.equal(parseName('Example.com.'), 'Example.com');
  assert.equal(parseName('b\u00fccher.example'), 'xn--bcher-kva.example');
  assert.equal(parseName('.'), '.');
  assert.equal(parseName('a\\032b\\\\.x'), 'a b\\.x');
  const octets = ['\\1', 'a\\', 'a\\256.b', 'a\\12'];
  for (const text of ['', '..', 'a..b', '.a', 'x'.repeat(64), `${'a.'.repeat(127)}a`, 'a b', ...octets]) {
    assert.equal(parseName(text), undefined, text);
  }
});

test('a pointer that does not lead backward, or out of the message, is malformed', () => {
  const cases = {
    'to itself': [0xc0, 0],
    forward: [0xc0, 2, 1, 97, 0],
    'cut in half': [0xc0],
    'a loop over a label': [1, 97, 0xc0, 0],
    'no end': [1, 97],
    'a reserved kind of label': [0x80, 0],
    'a label beyond the end': [5, 97, 0],
    'more than 255 octets': [
      ...Array.from({ length: 4 }, () => [63, ...Array<number>(63).fill(97)]).flat(),
      0,
    ],
  };
  for (const [what, bytes] of Object.entries(cases)) {
    assert.throws(() => readName(Buffer.from(bytes), 0), MalformedMessage, what);
  }
});

test('a chain of pointers through the whole of a message ends after a few steps', () => {
  const message = Buffer.alloc(0x4000);
  for (let at = 2; at < message.length; at += 2) message.writeUInt16BE(0xc000 | (at - 2), at);
  let steps = 0;
  const counted = new Proxy(message, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) steps++;
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  assert.throws(() => readName(counted, message.length - 2), MalformedMessage);
  assert.ok(steps < 1_000, `${steps} steps`);
});
