import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Balancer, balances } from '../../src/workers/balance.ts';

type Candidate = { readonly row: number; load: number };

/** Some of the rows below `workers`, in any order, each with a load. */
const candidatesOf = (workers: number): fc.Arbitrary<Candidate[]> =>
  fc.uniqueArray(fc.record({ row: fc.nat(workers - 1), load: fc.nat(100) }), {
    selector: ({ row }) => row,
    maxLength: workers,
  });
/** How many workers there are, and which may be chosen as one client after another comes. */
const arrivals = fc.integer({ min: 1, max: 12 }).chain((workers) =>
  fc.record({
    workers: fc.constant(workers),
    rounds: fc.array(fc.record({ candidates: candidatesOf(workers), address: fc.ipV4() }), {
      maxLength: 30,
    }),
  }),
);

for (const balance of balances) {
  test(`${balance} chooses one of the candidates, and none when there is none`, () => {
    fc.assert(
      fc.property(arrivals, ({ workers, rounds }) => {
        const balancer = new Balancer(balance, workers);
        for (const { candidates, address } of rounds) {
          const chosen = balancer.choose(candidates, address);
          if (candidates.length === 0) assert.equal(chosen, undefined);
          else assert.ok(chosen !== undefined && candidates.includes(chosen));
        }
      }),
    );
  });

  test(`${balance} spreads clients of many addresses over all workers`, () => {
    const workers = Array.from({ length: 4 }, (_, row): Candidate => ({ row, load: 0 }));
    const balancer = new Balancer(balance, workers.length);
    for (let i = 0; i < 1_000; i++) {
      const chosen = balancer.choose(workers, `10.0.${i >> 8}.${i & 255}`);
      if (chosen !== undefined) chosen.load++;
    }
    const loads = workers.map(({ load }) => load);
    if (balance === 'source') for (const load of loads) assert.ok(load > 180 && load < 320, `${loads}`);
    else assert.deepEqual(loads, [250, 250, 250, 250]);
  });
}

test('least-connections chooses one that has the fewest', () => {
  fc.assert(
    fc.property(arrivals, ({ workers, rounds }) => {
      const balancer = new Balancer('least-connections', workers);
      for (const { candidates, address } of rounds) {
        const fewest = Math.min(...candidates.map(({ load }) => load));
        const chosen = balancer.choose(candidates, address);
        if (candidates.length > 0) assert.equal(chosen?.load, fewest);
      }
    }),
  );
});

test('round-robin gives each worker a turn before any has the next one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }).chain((workers) => fc.tuple(fc.constant(workers), fc.nat(40))),
      ([workers, before]) => {
        const all = Array.from({ length: workers }, (_, row) => ({ row, load: 0 }));
        const balancer = new Balancer('round-robin', workers);
        for (let i = 0; i < before; i++) balancer.choose(all, '');
        const turns = all.map(() => balancer.choose(all, '')?.row);
        assert.equal(new Set(turns).size, workers);
      },
    ),
  );
});

test('round-robin passes over workers that cannot be chosen, and goes on behind them', () => {
  const [a, b, c] = [0, 1, 2].map((row) => ({ row, load: 0 })) as [Candidate, Candidate, Candidate];
  const balancer = new Balancer('round-robin', 3);
  const choices = [[a, b, c], [a, c], [a, b, c], [b, c], [a, b, c], [], [a], [a, b, c]];
  assert.deepEqual(
    choices.map((those) => balancer.choose(those, '')?.row),
    [0, 2, 0, 1, 2, undefined, 0, 1],
  );
});

test('source chooses the same worker for an address, whatever its load, in every server', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.ipV6(),
      fc.array(fc.nat(9)),
      (workers, address, loads) => {
        const [one, two] = [new Balancer('source', workers), new Balancer('source', workers)];
        const rows = Array.from({ length: workers }, (_, row): Candidate => ({ row, load: 0 }));
        const own = one.choose(rows, address);
        for (const load of loads) {
          if (own !== undefined) own.load = load;
          assert.equal(one.choose(rows.toReversed(), address), own);
          assert.equal(two.choose(rows, address), own);
        }
      },
    ),
  );
});

test('source chooses the one that has the fewest when its own worker cannot be chosen, and for a client without an address', () => {
  const rows = [5, 3, 4].map((load, row): Candidate => ({ row, load }));
  const balancer = new Balancer('source', 3);
  for (let i = 0; i < 20; i++) {
    const own = balancer.choose(rows, `10.0.0.${i}`) as Candidate;
    const others = rows.filter((each) => each !== own);
    const fewest = Math.min(...others.map(({ load }) => load));
    assert.equal(balancer.choose(others, `10.0.0.${i}`)?.load, fewest);
    assert.equal(balancer.choose(rows, `10.0.0.${i}`), own, 'it comes back to its own');
  }
  for (const least of rows) {
    for (const each of rows) each.load = each === least ? 1 : 2;
    assert.equal(balancer.choose(rows, ''), least);
  }
});
