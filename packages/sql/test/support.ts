import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { Engine, type EngineOptions } from '../src/engine/engine.ts';
import type { SqlSession, Value } from '../src/engine/types.ts';

/** A database of its own for one test, made by some statements, and removed afterwards. */
export function databaseFor(context: TestContext, statements = ''): string {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-sql-test-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'test.db');
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; ${statements}`);
  database.close();
  return file;
}

/** An engine over a database of its own. */
export async function engineFor(
  context: TestContext,
  statements = '',
  options: Partial<EngineOptions> = {},
): Promise<Engine> {
  const engine = await Engine.open({ file: databaseFor(context, statements), readWrite: true, ...options });
  context.after(() => engine.close());
  return engine;
}

/** All rows of a statement, as values. */
export async function allRows(
  session: SqlSession,
  sql: string,
  parameters: readonly Value[] = [],
): Promise<(readonly Value[])[]> {
  const rows = await session.execute(sql, parameters);
  const values: (readonly Value[])[] = [];
  for (let last = false; !last; ) {
    const batch = await rows.next();
    values.push(...batch.values);
    last = batch.last;
  }
  return values;
}

/** Counts without an end, in one step. */
export const ENDLESS =
  'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
/** A table t with the numbers from 1 to `count` and a text each. */
export const numbers = (count: number) => `
  CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, other INTEGER);
  CREATE INDEX t_other ON t (other);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
  INSERT INTO t SELECT i, 'name ' || i, i % 10 FROM n;`;
