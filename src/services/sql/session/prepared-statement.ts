import type { Engine } from '../engine/engine.ts';
import { typeOfDeclared } from '../wire/declared-type.ts';
import { oids, type PgType } from '../wire/types.ts';
import type { Compiled } from './compiler.ts';
import { typeNamed } from './result-shape.ts';

/** A statement that a client has prepared, by Parse or by PREPARE. */
export class PreparedStatement {
  /** Undefined for the empty statement. */
  readonly compiled: Compiled | undefined;
  /** The type of each parameter, by its object identifier. */
  readonly parameterTypes: readonly number[];
  /** The types of the columns that the client has been told, or has been given: they stay. */
  told: readonly PgType[] | undefined;

  constructor(compiled: Compiled | undefined, parameterTypes: readonly number[]) {
    this.compiled = compiled;
    this.parameterTypes = parameterTypes;
  }
}

/** The types of a statement's parameters: as given (0: not), as the statement tells, as the column it is compared with, or text. */
export function parameterTypes(
  compiled: Compiled | undefined,
  given: readonly number[],
  engine: Engine,
): number[] {
  const hints = compiled?.parameters ?? [];
  const count = Math.max(hints.length, given.length);
  return Array.from({ length: count }, (_, i) => {
    const told = given[i] ?? 0;
    if (told !== 0 && told !== oids.unknown) return told;
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
