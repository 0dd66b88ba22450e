import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeGreeting, decodeGuests, encodeGreeting, encodeGuests } from '../src/protocol/payload.ts';

/** fast-check makes objects without a prototype by default. */
const plain = { noNullPrototype: true };
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
const address = fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) }, plain);

test('what HELLO says of a node, and of where a guest listens, comes back from its bytes', () => {
  const greeting = fc.record(
    { instance: word, fingerprint: word, address: fc.option(address, { nil: undefined }) },
    plain,
  );
  fc.assert(fc.property(greeting, (each) => assert.deepEqual(decodeGreeting(encodeGreeting(each)), each)));
});

test('the guests of a claim come back from their bytes', () => {
  const guest = fc
    .tuple(fc.integer({ min: 0, max: 65_535 }), address)
    .map(([id, where]) => ({ id, ...where }));
  fc.assert(
    fc.property(fc.array(guest, { maxLength: 63 }), (each) =>
      assert.deepEqual(decodeGuests(encodeGuests(each)), each),
    ),
  );
});

test('bytes that are no guests are a RangeError, and never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      for (const decode of [decodeGreeting, decodeGuests]) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(error instanceof RangeError, String(error));
        }
      }
    }),
  );
});
