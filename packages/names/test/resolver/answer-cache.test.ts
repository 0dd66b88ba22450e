import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rcodes } from '../../src/dns/constants.ts';
import { AnswerCache } from '../../src/resolver/answer-cache.ts';

/** An answer with so many bytes of records. */
function entry(size: number) {
  const packed = { body: Buffer.alloc(size), ttls: [], answers: 1, authorities: 0 };
  return { rcode: rcodes.NOERROR, packed, negative: false, ttlMs: 1_000, storedAt: 0, failure: undefined };
}

test('what was used least recently goes first', () => {
  const cache = new AnswerCache({ maxEntries: 3, maxBytes: 1e9 });
  for (const key of ['a', 'b', 'c']) cache.store(key, entry(10));
  cache.find('a');
  cache.store('d', entry(10));
  assert.equal(cache.find('b'), undefined);
  cache.store('c', entry(10));
  cache.store('e', entry(10));
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].filter((key) => cache.find(key) !== undefined),
    ['c', 'd', 'e'],
  );
});

test('the bytes of all entries stay below the limit; what is larger than all of it is not kept', () => {
  const cache = new AnswerCache({ maxEntries: 1_000, maxBytes: 20_000 });
  for (let index = 0; index < 100; index++) {
    cache.store(`key${index}`, entry(1_000));
    assert.ok(cache.bytes <= 20_000);
  }
  assert.ok(cache.entries >= 10 && cache.entries < 20, String(cache.entries));
  assert.equal(cache.store('large', entry(30_000)), undefined);
  assert.equal(cache.find('large'), undefined);
  assert.ok(cache.entries >= 10);
});

test('an entry keeps only its own bytes, and not the memory that they came in', () => {
  const cache = new AnswerCache({ maxEntries: 10, maxBytes: 1e6 });
  const body = Buffer.alloc(65_536).subarray(0, 20).fill('x');
  const kept = cache.store('a', { ...entry(0), packed: { ...entry(0).packed, body } });
  assert.ok(kept !== undefined);
  assert.ok(kept.packed.body.equals(body));
  assert.equal(kept.packed.body.buffer.byteLength, 20);
});

test('the cache is what a simple model of it is: a list in the order of use', () => {
  const action = fc.record({
    key: fc.constantFrom(...'abcdefgh'),
    size: fc.nat(2_000),
    kind: fc.constantFrom('store', 'find', 'remove'),
  });
  const overhead = 600;
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 60, size: 'max' }), (actions) => {
      const cache = new AnswerCache({ maxEntries: 4, maxBytes: 6_000 });
      let model: { key: string; size: number }[] = [];
      for (const { key, size, kind } of actions) {
        const known = model.find((each) => each.key === key);
        model = model.filter((each) => each.key !== key);
        if (kind === 'store') {
          cache.store(key, entry(size));
          model.push({ key, size: overhead + 1 + size });
          const tooMuch = () => model.length > 4 || model.reduce((sum, each) => sum + each.size, 0) > 6_000;
          while (tooMuch()) model.shift();
        } else if (kind === 'find') {
          assert.equal(cache.find(key) !== undefined, known !== undefined);
          if (known !== undefined) model.push(known);
        } else cache.remove(key);
        assert.equal(cache.entries, model.length);
        assert.equal(
          cache.bytes,
          model.reduce((sum, each) => sum + each.size, 0),
        );
      }
    }),
  );
});
