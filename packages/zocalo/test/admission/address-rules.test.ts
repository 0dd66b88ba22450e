import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressRules, countedAddress, isNetwork, unmapped } from '../../src/admission/addresses.ts';
import { OptionError } from '../../src/index.ts';
import { shown } from '../../src/option-checks.ts';

test('an IPv4 address is itself, in whatever form it is given', () => {
  for (const told of ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:0201', '0:0:0:0:0:ffff:192.0.2.1']) {
    assert.equal(unmapped(told), '192.0.2.1');
    assert.equal(countedAddress(told, 64), '192.0.2.1');
  }
  for (const other of ['', '::1', '2001:db8::ffff:1.2.3.4', 'fe80::1%eth0', '::1.2.3.4']) {
    assert.equal(unmapped(other), other);
  }
});

test('every IPv4 address comes back from its mapped form', () => {
  fc.assert(fc.property(fc.ipV4(), (address) => unmapped(`::ffff:${address}`) === address));
});

test('the addresses of one IPv6 network are counted as one, those of another are not', () => {
  const counted = (address: string, prefix = 64) => countedAddress(address, prefix);
  assert.equal(counted('2001:db8:1:2::1'), counted('2001:db8:1:2:ffff:ffff:ffff:ffff'));
  assert.notEqual(counted('2001:db8:1:2::1'), counted('2001:db8:1:3::1'));
  assert.equal(counted('2001:db8:1:2::1', 48), counted('2001:db8:1:3::1', 48));
  assert.equal(counted('2001:db8:1:20::', 58), counted('2001:db8:1:3f::', 58));
  assert.notEqual(counted('2001:db8:1:20::', 58), counted('2001:db8:1:40::', 58));
  assert.notEqual(counted('2001:db8::1', 128), counted('2001:db8::2', 128));
  assert.equal(counted('fe80::1%eth0'), counted('fe80::2%eth0'));
  assert.notEqual(counted('::1'), counted('0.0.0.0'));
  assert.equal(counted(''), '');
});

test('of 128 bits every address is counted for itself, in whatever form it is given', () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
      const url = (address: string) => new URL(`http://[${address}]`).hostname;
      const same = countedAddress(one, 128) === countedAddress(other, 128);
      assert.equal(same, url(one) === url(other));
      assert.equal(countedAddress(url(one).slice(1, -1), 128), countedAddress(one, 128));
    }),
  );
});

test('a denied address is not admitted, nor is one that is not allowed, and without an address the lists are not asked', () => {
  const rules = new AddressRules(
    ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'],
    ['10.1.2.3/16', '2001:db8:bad::/48'],
  );
  const admitted = [
    '10.0.0.1',
    '10.255.0.1',
    '192.0.2.7',
    '::ffff:10.2.0.1',
    '2001:db8::1',
    '2001:db8::1%eth0',
    '',
  ];
  const refused = ['10.1.0.1', '::ffff:10.1.9.9', '192.0.2.8', '2001:db8:bad::1', '2001:db9::1', '::1'];
  for (const address of admitted) assert.ok(rules.admits(address), address);
  for (const address of refused) assert.ok(!rules.admits(address), address);
});

test('a network of one family has no address of the other', () => {
  assert.ok(new AddressRules(undefined, ['::/0']).admits('192.0.2.1'));
  assert.ok(new AddressRules(undefined, ['0.0.0.0/0']).admits('2001:db8::1'));
  assert.ok(!new AddressRules(undefined, ['::/0', '0.0.0.0/0']).admits('192.0.2.1'));
});

test('an IPv4 network written as IPv6 is that IPv4 network', () => {
  const rules = new AddressRules(undefined, ['::ffff:10.0.0.0/104', '::ffff:192.0.2.1']);
  assert.deepEqual(
    ['10.9.9.9', '11.0.0.1', '192.0.2.1', '192.0.2.2'].map((address) => rules.admits(address)),
    [false, true, false, true],
  );
});

const noNetworks = [
  '',
  'localhost',
  '10.0.0.0/33',
  '::/129',
  '10.0.0',
  '10.0.0.0/',
  '1.2.3.4/-1',
  '1.2.3.4/8/8',
  ' ::1',
  '::1%lo',
];

test('an entry that is no address and no network is refused with its list and its value', () => {
  for (const entry of [...noNetworks, 7, null, undefined, {}]) {
    assert.ok(!isNetwork(entry as string), String(entry));
    for (const list of ['allow', 'deny'] as const) {
      const lists = { allow: ['::1'], deny: [], [list]: ['::1', entry as string] };
      assert.throws(
        () => new AddressRules(lists.allow, lists.deny),
        (error) =>
          error instanceof OptionError &&
          error.message.startsWith(`each of ${list} must be an address or a network`) &&
          error.message.endsWith(`, not ${shown(entry)}`),
      );
    }
  }
  assert.throws(() => new AddressRules([], []), /^OptionError: allow must name at least one address/);
  assert.throws(() => new AddressRules('10.0.0.0/8' as never), /^OptionError: allow must be an array/);
});
