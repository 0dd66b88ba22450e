import type { ColumnHint } from '../dialect/translation.ts';
import { declaredOr } from '../engine/cursor.ts';
import type { Column, Value } from '../engine/types.ts';
import { typeOfDeclared, typeOfValue } from '../types/declared-type.ts';
import type { FormatCode } from '../types/pg-type.ts';
import { oids, type PgType, pgType, type TypeName } from '../types/pg-type.ts';
import { type ColumnDescription, type RowWriter, rowWriter } from '../wire/reply-writer.ts';

/** The type that a hint, or the text of a statement, names; undefined for names without a type. */
export function typeNamed(name: string | undefined): PgType | undefined {
  if (name === undefined) return undefined;
  const oid = oids[name as TypeName];
  return oid === undefined ? typeOfDeclared(name) : pgType(oid);
}

/** What is known of the types of columns before there is a row: from the statement, then from the tables. */
export function knownTypes(columns: readonly Column[], hints: readonly ColumnHint[]): (PgType | undefined)[] {
  const hinted: (PgType | undefined)[] = [];
  for (const { index, typeName } of hints)
    hinted[index < 0 ? columns.length + index : index] = typeNamed(typeName);
  return columns.map(({ declaredType }, i) => declaredOr(declaredType, hinted[i]));
}

/** All types, those that are not known from the first row; text where that says nothing. */
export function typesWith(
  known: readonly (PgType | undefined)[],
  first: readonly Value[] | undefined,
): PgType[] {
  return known.map((type, i) => type ?? typeOfValue(first?.[i]));
}

/** Finds the object identifier of a relation and the place of a column in it. */
export type Locate = (
  table: string,
  column: string,
) => { readonly id: number; readonly place: number } | undefined;

/** The columns of a RowDescription. */
export function described(
  columns: readonly Column[],
  types: readonly PgType[],
  locate: Locate,
): ColumnDescription[] {
  return columns.map(({ name, table, column }, i) => {
    const type = types[i] ?? pgType(oids.text);
    const at = table === null || column === null ? undefined : locate(table, column);
    return at === undefined ? { name, type } : { name, type, tableId: at.id, place: at.place };
  });
}

/** The description of the columns of one statement, kept for the next time: it is mostly the same. */
export class DescribedColumns {
  #columns: readonly Column[] | undefined;
  #types: readonly PgType[] | undefined;
  #descriptions: readonly ColumnDescription[] = [];

  for(columns: readonly Column[], types: readonly PgType[], locate: Locate): readonly ColumnDescription[] {
    if (columns !== this.#columns || types !== this.#types) {
      this.#descriptions = described(columns, types, locate);
      this.#columns = columns;
      this.#types = types;
    }
    return this.#descriptions;
  }
}

/** The ways in which the rows of one statement are written, kept for its next execution. */
export class RowWriters {
  #types: readonly PgType[] | undefined;
  #formats: readonly FormatCode[] | undefined;
  #writer: RowWriter = [];

  for(types: readonly PgType[], formats: readonly FormatCode[]): RowWriter {
    if (
      !same(types, this.#types, (a, b) => a.oid === b.oid && a.typmod === b.typmod) ||
      !same(formats, this.#formats)
    ) {
      this.#writer = rowWriter(types, formats);
      this.#types = types;
      this.#formats = formats;
    }
    return this.#writer;
  }
}

function same<T>(
  one: readonly T[],
  other: readonly T[] | undefined,
  equal: (a: T, b: T) => boolean = (a, b) => a === b,
): boolean {
  if (one === other) return true;
  return (
    other !== undefined && one.length === other.length && one.every((each, i) => equal(each, other[i] as T))
  );
}
