import type { Token } from '../parse/tokens.ts';
import { SqlError } from '../sql-error.ts';
import { quoteName } from './keywords.ts';
import { findColumn } from './scope.ts';
import { type Expression, Level, type Translator } from './translator.ts';

/** A column, with or without its table, schema and database in front. */
export function columnReference(translator: Translator): Expression {
  const mark = translator.mark;
  const start = translator.peek();
  const parts = [readPart(translator)];
  const from = translator.at - 1;
  while (
    translator.is('.') &&
    (translator.peek(1)?.kind === 'word' || translator.peek(1)?.kind === 'identifier')
  ) {
    translator.at++;
    parts.push(readPart(translator));
  }
  // Written with the white space that stood before its first part.
  const behind = translator.at;
  translator.at = from;
  const column = (parts.at(-1) as Token).value;
  const table = parts.at(-2)?.value;
  const found = findColumn(translator.scope, table, column);
  if (table !== undefined && found === undefined && !translator.mayComeLater && !isAlias(translator, table)) {
    const details = { position: translator.position(start) };
    throw new SqlError('42P01', `missing FROM-clause entry for table "${table}"`, details);
  }
  const renamed = found?.relation.written?.get(column);
  translator.copy(renamed ?? written(parts));
  translator.at = behind;
  const shown = table === undefined ? column : `${table}.${column}`;
  translator.refer('column', shown, shown, start);
  return {
    first: translator.firstFrom(mark),
    level: renamed === undefined ? Level.PRIMARY : Level.CONCATENATION,
    type: found?.column.type,
    name: column,
    column: { table, column },
    columns: true,
  };
}

function isAlias(translator: Translator, table: string): boolean {
  for (let scope = translator.scope; scope !== undefined; scope = scope.outer) {
    if (scope.relations.some(({ alias }) => alias === table)) return true;
  }
  return false;
}

function readPart(translator: Translator): Token {
  translator.name();
  return translator.tokens[translator.at - 1] as Token;
}

/** Tables are known by their own name only: schemas and databases in front of it go. */
function written(parts: readonly Token[]): string {
  return parts.slice(-2).map(writtenName).join('.');
}

/** A name as SQLite is to read it: without quotes in lower case, as PostgreSQL folds it. */
export function writtenName({ kind, value }: Token): string {
  return kind === 'identifier' ? `"${value.replaceAll('"', '""')}"` : quoteName(value);
}
