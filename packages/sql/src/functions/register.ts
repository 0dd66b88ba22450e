import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { aggregates } from './aggregates.ts';
import { arrayFunctions } from './array-functions.ts';
import { conversions } from './conversions.ts';
import { datetimes } from './datetimes.ts';
import { jsonFunctions } from './json-functions.ts';
import { numbers } from './numbers.ts';
import { patterns } from './patterns.ts';
import { type Session, sessionOf } from './session.ts';
import type { SqlFunction } from './sql-function.ts';
import { systemFunctions } from './system-functions.ts';
import { texts } from './texts.ts';

/** All functions that SQLite lacks. */
export function sqlFunctions(session: Session): SqlFunction[] {
  return [
    ...conversions(session),
    ...texts,
    ...patterns,
    ...datetimes(session),
    ...numbers,
    ...arrayFunctions,
    ...jsonFunctions,
    ...systemFunctions(session),
  ];
}

/**
 * Gives a connection PostgreSQL's functions and its case-sensitive LIKE.
 * @param sessionInfo what is known of the session whose statement runs; see {@link sessionOf}
 */
export function registerFunctions(
  database: DatabaseSync,
  sessionInfo: { readonly current: Readonly<Record<string, string | number | boolean | null>> },
): void {
  database.exec('PRAGMA case_sensitive_like = ON');
  for (const { name, deterministic, arity, implementation } of sqlFunctions(sessionOf(sessionInfo))) {
    const options = { deterministic, useBigIntArguments: true, varargs: arity < 0 };
    const call = implementation as (...values: SQLInputValue[]) => SQLInputValue;
    // The number of parameters that a function says it has is what SQLite checks.
    if (arity >= 0) Object.defineProperty(call, 'length', { value: arity });
    database.function(name, options, call);
  }
  for (const { name, arity, start, step, result } of aggregates) {
    database.aggregate(name, {
      start: start as () => never,
      step: withLength(step as (...values: SQLInputValue[]) => never, arity + 1),
      result: result as (state: never) => SQLInputValue,
      useBigIntArguments: true,
    });
  }
}

function withLength<Step extends object>(step: Step, length: number): Step {
  return Object.defineProperty(step, 'length', { value: length });
}
