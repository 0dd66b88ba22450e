import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import { OptionError } from '../../src/errors.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  decodeSocketAddress,
  encodeIpAddress,
  encodeUnixAddress,
  SOCKADDR_LENGTH,
} from '../../src/sys/socket-address.ts';

const skip = process.platform === 'linux' ? false : 'addresses are laid out as Linux has them';

/** What comes back of an address, out of a buffer as the kernel is given one, with something else behind it. */
function roundTrip(encoded: Buffer) {
  const buffer = Buffer.alloc(SOCKADDR_LENGTH, 0x78);
  encoded.copy(buffer);
  return decodeSocketAddress(buffer, encoded.length);
}

test('an IPv4 address and a port are laid out as in ip(7)', { skip }, () => {
  assert.equal(encodeIpAddress('192.0.2.33', 0x1234).toString('hex'), '02001234c00002210000000000000000');
});

test('an IPv6 address and a port are laid out as in ipv6(7)', { skip }, () => {
  const expected = '0a00005000000000' + '20010db8000000000000000000000001' + '00000000';
  assert.equal(encodeIpAddress('2001:db8::1', 80).toString('hex'), expected);
});

test('a path is laid out as in unix(7)', { skip }, () => {
  assert.equal(encodeUnixAddress('/a').toString('hex'), '01002f6100');
  // An abstract name ends where the address does; a path would end at a NUL.
  assert.equal(encodeUnixAddress('\0a\0b').toString('hex'), '010000610062');
  assert.throws(() => encodeUnixAddress('/a\0b'), /must not contain a NUL/);
});

test('IPv4 addresses come back as they went', { skip }, () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(65_535), (address, port) => {
      assert.deepEqual(roundTrip(encodeIpAddress(address, port)), { family: AF_INET, address, port });
    }),
  );
});

test('IPv6 addresses come back as the same address', { skip }, () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.nat(65_535), (address, port) => {
      const encoded = encodeIpAddress(address, port);
      const decoded = roundTrip(encoded);
      assert.deepEqual([decoded.family, decoded.port], [AF_INET6, port]);
      assert.deepEqual(encodeIpAddress(decoded.address, port), encoded);
    }),
  );
});

test('IPv6 addresses are written as RFC 5952 has them', { skip }, () => {
  const written: [string, string][] = [
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['0:0:0:0:1:ffff:0:1', '::1:ffff:0:1'],
  ];
  for (const [address, expected] of written) {
    assert.equal(roundTrip(encodeIpAddress(address, 1)).address, expected);
  }
});

test('the zone of a link-local address comes back as its number', { skip }, () => {
  assert.equal(roundTrip(encodeIpAddress('fe80::1%7', 1)).address, 'fe80::1%7');
  assert.equal(roundTrip(encodeIpAddress('fe80::1', 1)).address, 'fe80::1');
});

const loopback = Object.keys(networkInterfaces()).includes('lo');
test('a zone can be the name of an interface', {
  skip: skip || (loopback ? false : 'there is no lo'),
}, () => {
  assert.equal(roundTrip(encodeIpAddress('fe80::1%lo', 1)).address, 'fe80::1%1');
});

test('a zone that names no interface is refused', { skip }, () => {
  assert.throws(() => encodeIpAddress('fe80::1%no-such-zone', 1), OptionError);
});

test('what is no numeric address is refused with what it is', { skip }, () => {
  for (const address of ['', 'localhost', '1.2.3', '1.2.3.4.5', '256.0.0.1', '::g', '[::1]', ' 127.0.0.1']) {
    assert.throws(
      () => encodeIpAddress(address, 80),
      (error) => error instanceof OptionError && error.message.includes(`"${address}"`),
    );
  }
});

test('paths come back as they went, up to the longest', { skip }, () => {
  for (const path of ['/run/zocalo.sock', 'x', 'ñandú', '/'.padEnd(107, 'x'), `${'/'.padEnd(105, 'x')}é`]) {
    const expected = { family: AF_UNIX, address: path, port: 0 };
    assert.deepEqual(roundTrip(encodeUnixAddress(path)), expected);
    // The kernel's length may leave out the NUL at the end.
    const encoded = encodeUnixAddress(path);
    assert.deepEqual(roundTrip(encoded.subarray(0, -1)), expected);
  }
});

test('a path of more than 107 bytes is refused with its length', { skip }, () => {
  for (const path of ['/'.padEnd(108, 'x'), 'é'.repeat(54)]) {
    assert.throws(
      () => encodeUnixAddress(path),
      (error) =>
        error instanceof OptionError && error.message.includes('108 bytes') && error.message.includes(path),
    );
  }
});

test('an unnamed Unix socket has the empty path', { skip }, () => {
  assert.deepEqual(roundTrip(Buffer.from([1, 0])), { family: AF_UNIX, address: '', port: 0 });
});
