import type { Engine } from '../engine/engine.ts';
import { typeOfDeclared } from '../types/declared-type.ts';
import { oids, type PgType } from '../types/pg-type.ts';
import type { Compiled } from './compiler.ts';
import { typeNamed } from './result-shape.ts';

/** A statement that a client has prepared, by Parse or by PREPARE. */
export class PreparedStatement {
  /** Undefined for the empty statement. */
  readonly compiled: Compiled | undefined;
  /** The type of each parameter, by its object identifier. */
  readonly parameterTypes: readonly number[];
  /** The types of the columns that the client has from a Describe, or from rows: they stay. */
  describedTypes: readonly PgType[] | undefined;

  constructor(compiled: Compiled | undefined, parameterTypes: readonly number[]) {
    this.compiled = compiled;
    this.parameterTypes = parameterTypes;
  }
}

/** The types of a statement's parameters: as given (0: not), as the statement has it, as the column it is compared with, or text. */
export function parameterTypes(
  compiled: Compiled | undefined,
  given: readonly number[],
  engine: Engine,
): number[] {
  const hints = compiled?.parameters ?? [];
  const count = Math.max(hints.length, given.length);
  return Array.from({ length: count }, (_, i) => {
    const oid = given[i] ?? 0;
    if (oid !== 0 && oid !== oids.unknown) return oid;
    const hint = hints[i];
    const named = typeNamed(hint?.typeName);
    if (named !== undefined) return named.oid;
    const { table, column } = hint?.column ?? {};
    const declared =
      table === undefined || column === undefined
        ? undefined
        : engine.relation(table)?.columns.get(column.toLowerCase())?.declaredType;
    return typeOfDeclared(declared)?.oid ?? oids.text;
  });
}
