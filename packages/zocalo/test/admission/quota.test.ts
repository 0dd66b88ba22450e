import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BucketTable, TableBucket } from '../../src/admission/bucket-table.ts';
import { Quota } from '../../src/admission/quota.ts';
import { type QuotaOptions, TokenBucket } from '../../src/admission/token-bucket.ts';
import { OptionError } from '../../src/index.ts';

const never = Number.POSITIVE_INFINITY;

/** A bucket of its own, and one in memory that can be shared. */
const kinds = {
  'a bucket': (options: QuotaOptions) => new TokenBucket(options, 0),
  'a bucket of a table'(options: QuotaOptions) {
    const table = new BucketTable(options, new Uint8Array(BucketTable.bytesFor(3)), 1_000);
    table.fill(2, 0);
    return new TableBucket(table, 2);
  },
};

for (const [kind, create] of Object.entries(kinds)) {
  describe(kind, () => {
    test('a bucket gives as many as it has, and none more', () => {
      const bucket = create({ messages: 3, refillIntervalMs: never });
      assert.deepEqual(
        [bucket.take(0), bucket.take(1), bucket.spent, bucket.take(2), bucket.spent, bucket.take(1e9)],
        [true, true, false, true, true, false],
      );
    });

    test('one comes back each time the refill time has passed, and not a moment before', () => {
      const bucket = create({ messages: 2, refillIntervalMs: 100 });
      bucket.take(0);
      bucket.take(0);
      assert.equal(bucket.take(99), false);
      assert.equal(bucket.take(100), true);
      assert.equal(bucket.take(199), false);
      assert.equal(bucket.take(200), true);
    });

    test('no more come back than there were', () => {
      const bucket = create({ messages: 2, refillIntervalMs: 100 });
      bucket.take(0);
      assert.deepEqual(
        [1, 2, 3].map(() => bucket.take(1_000_000)),
        [true, true, false],
      );
    });

    test('whenever they are taken, they are never more than the quota and what has come back since', () => {
      const options = fc.record({
        messages: fc.integer({ min: 1, max: 5 }),
        refillIntervalMs: fc.integer({ min: 1, max: 50 }),
      });
      const takings = fc.array(fc.nat(60), { maxLength: 60 });
      fc.assert(
        fc.property(options, takings, (options, pauses) => {
          const bucket = create(options);
          const taken: number[] = [];
          let now = 0;
          for (const pause of pauses) {
            now += pause;
            if (bucket.take(now)) taken.push(now);
          }
          for (const [i, from] of taken.entries()) {
            for (const [j, to] of taken.entries()) {
              if (j < i) continue;
              // The refill has a rhythm of its own: one may come back right after the first of a window.
              const most = options.messages + Math.floor((to - from) / options.refillIntervalMs) + 1;
              assert.ok(j - i + 1 <= most, `${j - i + 1} were taken from ${from} to ${to}`);
            }
          }
        }),
        { numRuns: 500 },
      );
    });

    test('taking at the pace of the refill never fails', () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 1_000 }),
          fc.integer({ min: 1, max: 100 }),
          (refillIntervalMs, times) => {
            const bucket = create({ messages: 1, refillIntervalMs });
            for (let i = 0; i < times; i++) assert.equal(bucket.take(i * refillIntervalMs), true);
          },
        ),
      );
    });

    test('the refill keeps its interval, whenever a message is taken', () => {
      const bucket = create({ messages: 1, refillIntervalMs: 100 });
      assert.deepEqual(
        [bucket.take(0), bucket.take(150), bucket.take(199), bucket.take(200)],
        [true, true, false, true],
      );
    });
  });
}

test('with a quota for each connection, every connection has its own', () => {
  const quota = new Quota({ messages: 1, refillIntervalMs: never }, 'connection');
  const [one, other] = [quota.admit('192.0.2.1', 0), quota.admit('192.0.2.1', 0)];
  assert.equal(one?.take(0), true);
  assert.equal(one?.take(0), false);
  assert.equal(other?.take(0), true);
  assert.equal(quota.admit('192.0.2.1', 0)?.take(0), true);
});

test('with a quota for each address, its connections share one, and come in again when some has come back', () => {
  const quota = new Quota({ messages: 2, refillIntervalMs: 100 }, 'address');
  const [one, other] = [quota.admit('192.0.2.1', 0), quota.admit('192.0.2.1', 0)];
  assert.equal(quota.admit('192.0.2.2', 0)?.take(0), true);
  assert.equal(one?.take(0), true);
  assert.equal(other?.take(0), true);
  assert.equal(quota.admit('192.0.2.1', 99), undefined);
  assert.equal(quota.admit('192.0.2.1', 100)?.take(100), true);
  assert.equal(other?.take(100), false);
  assert.notEqual(quota.admit('192.0.2.2', 0), undefined);
});

test('65,536 addresses are remembered, and beyond them the one that was seen longest ago is forgotten', () => {
  const quota = new Quota({ messages: 1, refillIntervalMs: never }, 'address');
  const spend = (address: string) => quota.admit(address, 0)?.take(0);
  for (let i = 0; i < 65_536; i++) assert.equal(spend(`${i}`), true);
  // Seen again, though in vain: now 1 is the one that was seen longest ago.
  assert.equal(spend('0'), undefined);
  assert.equal(spend('one more'), true);
  assert.equal(spend('0'), undefined);
  assert.equal(spend('2'), undefined);
  assert.equal(spend('1'), true);
});

test('whatever the order in which two take from one bucket and one takes of its own, they get the same', () => {
  const pauses = fc.array(fc.nat(60), { maxLength: 60 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 50 }),
      pauses,
      (messages, refillIntervalMs, pauses) => {
        const options = { messages, refillIntervalMs };
        const memory = new Uint8Array(BucketTable.bytesFor(1));
        const tables = [new BucketTable(options, memory, 5), new BucketTable(options, memory, 7)];
        tables[0]?.fill(0, 2);
        const own = new TokenBucket(options, 7);
        let now = 7;
        for (const [i, pause] of pauses.entries()) {
          now += pause;
          // Each has a clock of its own, and knows how far it is from the one they share.
          const offset = i % 2 === 0 ? 5 : 7;
          assert.equal((tables[i % 2] as BucketTable).take(0, now - offset) >= 0, own.take(now));
        }
      },
    ),
  );
});

test('quotas that cannot be used are refused with their value', () => {
  for (const messages of [0, -1, 1.5, Number.NaN, never]) {
    assert.throws(
      () => new Quota({ messages, refillIntervalMs: 1 }, 'connection'),
      (error) => error instanceof OptionError && error.message.endsWith(`not ${messages}`),
    );
  }
  for (const refillIntervalMs of [0, -1, Number.NaN]) {
    assert.throws(
      () => new Quota({ messages: 1, refillIntervalMs }, 'address'),
      (error) => error instanceof OptionError && error.message.endsWith(`not ${refillIntervalMs}`),
    );
  }
});
