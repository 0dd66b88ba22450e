import type { DatabaseSync } from 'node:sqlite';
import { quotedName } from '../functions/texts.ts';
import { splitStatements, statementText } from '../parse/statements.ts';
import { TokenReader } from '../parse/token-reader.ts';
import { typeOfDeclared } from '../types/declared-type.ts';
import { tableConstraints } from './table-constraints.ts';

const TEXT = 25;

/** Functions that the views of the catalog use. */
export function registerCatalogFunctions(database: DatabaseSync): void {
  const options = { deterministic: true } as const;
  const typeOf = (declared: unknown) => typeOfDeclared(String(declared ?? ''));
  database.function('catalog_type', options, (declared) => BigInt(typeOf(declared)?.oid ?? TEXT));
  database.function('catalog_typmod', options, (declared) => BigInt(typeOf(declared)?.typmod ?? -1));
  database.function('catalog_constraints', options, (sql) =>
    JSON.stringify(tableConstraints(String(sql ?? ''))),
  );
  database.function('catalog_index', options, (unique, name, table, columns, where, sql) => {
    const kind = Number(unique) === 1 ? 'UNIQUE INDEX' : 'INDEX';
    const written = (JSON.parse(String(columns)) as string[]).join(', ');
    const list = written.includes('(expression)') ? listOf(String(sql)) : written;
    return `CREATE ${kind} ${quotedName(String(name))} ON public.${quotedName(String(table))} USING btree (${list})${where ?? ''}`;
  });
  database.function('catalog_name', options, (name) => quotedName(String(name ?? '')));
  database.function('catalog_query', options, (sql) => queryOf(String(sql ?? '')));
  database.function('catalog_where', options, (sql) => whereOf(String(sql ?? '')));
}

/** What stands in the parentheses of CREATE INDEX. */
function listOf(sql: string): string {
  const statement = splitStatements(sql)[0];
  if (statement === undefined) return sql;
  const reader = new TokenReader(statement);
  while (!reader.atEnd && !reader.is('(')) reader.next();
  const from = reader.at + 1;
  reader.skipParentheses();
  return reader.text(from, reader.at - 1);
}

/** What stands behind AS in CREATE VIEW. */
function queryOf(sql: string): string {
  try {
    const statement = splitStatements(sql)[0];
    const at = statement?.tokens.findIndex(({ kind, value }) => kind === 'word' && value === 'as') ?? -1;
    if (statement === undefined || at < 0) return sql;
    return ` ${statementText({ source: sql, tokens: statement.tokens.slice(at + 1) })};`;
  } catch {
    return sql;
  }
}

/** The condition of a partial index, with WHERE; null when there is none. */
function whereOf(sql: string): string | null {
  try {
    const statement = splitStatements(sql)[0];
    const at =
      statement?.tokens.findLastIndex(({ kind, value }) => kind === 'word' && value === 'where') ?? -1;
    if (statement === undefined || at < 0) return null;
    return ` WHERE (${statementText({ source: sql, tokens: statement.tokens.slice(at + 1) })})`;
  } catch {
    return null;
  }
}
