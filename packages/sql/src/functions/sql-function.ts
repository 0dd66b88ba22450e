import type { Value } from '../types/pg-type.ts';

/** A function that SQLite lacks. NULL comes as null, INTEGER as bigint. */
export type SqlFunction = {
  readonly name: string;
  /** Whether the same arguments give the same result for as long as a statement runs. */
  readonly deterministic: boolean;
  /** How many arguments it takes; -1 for any number. */
  readonly arity: number;
  readonly implementation: (...values: readonly Value[]) => Value;
};

/** A function over many rows. */
export type SqlAggregate<State = unknown> = {
  readonly name: string;
  readonly arity: number;
  start(): State;
  /** The state, with one more row. */
  step(state: State, ...values: readonly Value[]): State;
  result(state: State): Value;
};

/** A function that gives NULL when any of its arguments is NULL, as most do. */
export function strict(
  name: string,
  arity: number,
  implementation: (...values: readonly NonNullable<Value>[]) => Value,
): SqlFunction {
  return {
    name,
    deterministic: true,
    arity,
    implementation: (...values) =>
      values.includes(null) ? null : implementation(...(values as readonly NonNullable<Value>[])),
  };
}

/** A function that sees NULLs. */
export function plain(
  name: string,
  arity: number,
  implementation: (...values: readonly Value[]) => Value,
): SqlFunction {
  return { name, deterministic: true, arity, implementation };
}

/** A value as text, as `::text` would give it without knowing its type. */
export function textOf(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value);
}

/** The shortest digits that give the number back, in PostgreSQL's form. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const text = String(value);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A whole number as JavaScript counts. */
export function countOf(value: Value): number {
  return Number(value ?? 0);
}
