import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type Cost, costOf } from '../../src/engine/plan.ts';
import type { Value } from '../../src/engine/types.ts';
import { numbers } from '../support.ts';

const database = new DatabaseSync(':memory:', { returnArrays: true });
database.exec(`${numbers(100)} CREATE UNIQUE INDEX t_name ON t (name);`);

const costs: readonly (readonly [Cost, string])[] = [
  ['point', 'SELECT 1'],
  ['point', 'SELECT name FROM t WHERE id = ?1'],
  ['point', 'SELECT * FROM t WHERE name = ?1'],
  ['point', 'SELECT a.name, b.name FROM t a JOIN t b ON b.id = a.other WHERE a.id = ?1'],
  ['point', 'SELECT count(*) FROM t WHERE id = 5'],
  ['point', 'SELECT (SELECT name FROM t WHERE id = ?1), upper(?2)'],
  ['stepwise', 'SELECT * FROM t WHERE id BETWEEN ?1 AND ?2'],
  ['stepwise', 'SELECT * FROM t WHERE id > ?1 LIMIT 10'],
  ['stepwise', 'SELECT * FROM t LIMIT 10'],
  ['stepwise', 'SELECT * FROM t ORDER BY id DESC LIMIT 10'],
  ['stepwise', 'SELECT name FROM t WHERE other = ?1'],
  ['heavy', 'SELECT * FROM t WHERE id > ?1 AND substr(name, 1, 1) = ?2'],
  ['heavy', 'SELECT count(*) FROM t'],
  ['heavy', 'SELECT * FROM t ORDER BY other + 1 LIMIT 10'],
  ['heavy', 'SELECT sum(id) FROM t WHERE id BETWEEN 1 AND 5'],
  ['heavy', 'SELECT * FROM t a JOIN t b ON b.id = a.other'],
  ['heavy', 'SELECT DISTINCT other FROM t'],
  ['heavy', 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n'],
];

for (const [cost, sql] of costs) {
  test(`${sql} is ${cost}`, () => {
    const program = database.prepare(`EXPLAIN ${sql}`).all() as unknown as Value[][];
    assert.equal(costOf(program, new Set(), new Set()), cost);
  });
}

test('a function that is not known to be cheap makes its statement heavy', () => {
  const program = database.prepare("EXPLAIN SELECT replace('a', 'b', 'c')").all() as unknown as Value[][];
  assert.equal(costOf(program, new Set(['replace']), new Set()), 'heavy');
  assert.equal(costOf(program, new Set(['replace']), new Set(['replace'])), 'point');
});
