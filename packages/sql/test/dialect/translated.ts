import { DatabaseSync } from 'node:sqlite';
import { installCatalog } from '../../src/catalog/install.ts';
import { sqlErrorOf } from '../../src/dialect/sqlite-errors.ts';
import { translate } from '../../src/dialect/translate.ts';
import type { ColumnInfo, Schema, Translation } from '../../src/dialect/translation.ts';
import { registerFunctions } from '../../src/functions/register.ts';
import { type Statement, splitStatements } from '../../src/parse/statements.ts';
import { SqlError } from '../../src/sql-error.ts';
import { typeOfDeclared, typeOfValue } from '../../src/types/declared-type.ts';
import type { Value } from '../../src/types/pg-type.ts';
import { pgType, typeEntry, typeNamed } from '../../src/types/pg-type.ts';
import { textFormat } from '../../src/types/value-text.ts';

export type Result = {
  readonly names: readonly string[];
  readonly types: readonly string[];
  /** As PostgreSQL would send them as text; undefined for NULL. */
  readonly rows: readonly (readonly (string | null)[])[];
};

/** A SQLite database in memory that takes PostgreSQL's syntax. */
export class Translated {
  readonly database = new DatabaseSync(':memory:', { readBigInts: true, returnArrays: true });
  readonly sessionInfo = { current: { user: 'postgres', database: 'postgres', processId: 1 } };

  constructor() {
    registerFunctions(this.database, this.sessionInfo);
    installCatalog(this.database);
  }

  readonly schema: Schema = {
    columns: (relation) => {
      const rows = this.database
        .prepare('SELECT name, type, "notnull", dflt_value FROM pragma_table_xinfo(?) WHERE hidden <> 1')
        .all(relation) as unknown as [string, string, bigint, string | null][];
      if (rows.length === 0) return undefined;
      const columns = new Map<string, ColumnInfo>();
      for (const [name, declaredType, notNull, defaultText] of rows)
        columns.set(name.toLowerCase(), { declaredType, notNull: notNull === 1n, defaultText });
      return columns;
    },
  };

  translate(sql: string): Translation {
    return translate(splitStatements(sql)[0] as Statement, this.schema);
  }

  /** Runs every statement; the result is that of the last. */
  run(sql: string, parameters: readonly Value[] = []): Result {
    let result: Result = { names: [], types: [], rows: [] };
    for (const statement of splitStatements(sql)) {
      const translation = translate(statement, this.schema);
      try {
        for (const text of translation.sql) result = this.#runOne(text, translation, parameters);
      } catch (error) {
        if (error instanceof SqlError) throw error;
        const { message, errcode } = error as { message: string; errcode: number };
        throw sqlErrorOf({ message, code: errcode }, { statement, translation });
      }
    }
    return result;
  }

  #runOne(sql: string, translation: Translation, parameters: readonly Value[]): Result {
    const statement = this.database.prepare(sql);
    const columns = statement.columns();
    const rows = statement.all(...(parameters as never[])) as unknown as Value[][];
    const hinted = new Map(
      translation.columns.map(({ index, typeName }) => [
        index < 0 ? columns.length + index : index,
        typeName,
      ]),
    );
    const types = columns.map(({ type }, index) => {
      const declared = typeOfDeclared(type);
      const hint = typeNamed(hinted.get(index) ?? '');
      if (hint !== undefined && hint.oid !== declared?.oid) return pgType(hint.oid);
      return declared ?? typeOfValue(rows[0]?.[index]);
    });
    return {
      names: columns.map(({ name }) => name),
      types: types.map(({ oid }) => typeEntry(oid)?.name ?? '?'),
      rows: rows.map((row) =>
        row.map((value, index) =>
          value === null ? null : textFormat(types[index] as never)(value as never),
        ),
      ),
    };
  }
}
