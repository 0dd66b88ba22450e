import type { Statement } from '../parse/statements.ts';
import type { TokenReader } from '../parse/token-reader.ts';
import { SqlError } from '../sql-error.ts';
import type { CopyOptions } from '../wire/copy-format.ts';
import type { Command } from './commands.ts';

/** COPY table [(columns)] FROM | TO …, COPY (query) TO …, with the options in today's and in the old spelling. */
export function copy(reader: TokenReader): Command {
  reader.next();
  // The spelling of PostgreSQL before 7.3.
  reader.accept('binary');
  let query: Statement | undefined;
  let table: string | undefined;
  const columns: string[] = [];
  if (reader.is('(')) {
    const from = reader.at;
    reader.skipParentheses();
    query = { source: reader.source, tokens: reader.tokens.slice(from + 1, reader.at - 1) };
  } else {
    table = reader.name();
    while (reader.acceptSymbol('.')) table = reader.name();
    if (reader.is('(')) columns.push(...nameList(reader));
  }
  const direction = reader.isWord('to') ? 'to' : 'from';
  if (query !== undefined && direction === 'from') throw reader.unexpected();
  reader.expect(direction);
  const target = copyTarget(reader);
  const options = copyOptions(reader);
  if (reader.isWord('where')) {
    const details = { position: reader.position(reader.peek()) };
    if (direction === 'to') throw new SqlError('42601', 'WHERE clause not allowed with COPY TO', details);
    throw reader.unsupported('COPY FROM ... WHERE');
  }
  reader.expectEnd();
  return { kind: 'copy', direction, target, table, columns, query, options };
}

function copyTarget(reader: TokenReader): 'client' | 'file' | 'program' {
  if (reader.accept('stdin') || reader.accept('stdout')) return 'client';
  const program = reader.accept('program');
  if (reader.peek()?.kind !== 'string') throw reader.unexpected();
  reader.next();
  return program ? 'program' : 'file';
}

function nameList(reader: TokenReader): string[] {
  const names: string[] = [];
  reader.expectSymbol('(');
  do names.push(reader.name());
  while (reader.acceptSymbol(','));
  reader.expectSymbol(')');
  return names;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function copyOptions(reader: TokenReader): CopyOptions {
  const options: Mutable<CopyOptions> = {
    format: 'text',
    delimiter: undefined,
    null: undefined,
    header: false,
    quote: undefined,
    escape: undefined,
    forceQuote: [],
    forceNotNull: [],
    forceNull: [],
    encoding: undefined,
  };
  reader.accept('with');
  if (reader.acceptSymbol('(')) {
    do namedOption(reader, options);
    while (reader.acceptSymbol(','));
    reader.expectSymbol(')');
  } else {
    while (!reader.atEnd && !reader.isWord('where')) oldOption(reader, options);
  }
  return options;
}

function namedOption(reader: TokenReader, options: Mutable<CopyOptions>): void {
  const token = reader.peek();
  const name = reader.name();
  switch (name) {
    case 'format':
      options.format = copyFormat(reader);
      break;
    case 'header':
      options.header = reader.is(',') || reader.is(')') || isOn(reader.next().value);
      break;
    case 'delimiter':
    case 'null':
    case 'quote':
    case 'escape':
    case 'encoding':
      options[name] = text(reader);
      break;
    case 'force_quote':
      options.forceQuote = reader.acceptSymbol('*') ? '*' : nameList(reader);
      break;
    case 'force_not_null':
      options.forceNotNull = nameList(reader);
      break;
    case 'force_null':
      options.forceNull = nameList(reader);
      break;
    case 'freeze':
      // pgbench -i asks for it; there is no visibility of rows to freeze here.
      if (!reader.is(',') && !reader.is(')')) reader.next();
      break;
    default:
      throw new SqlError('42601', `option "${name}" not recognized`, { position: reader.position(token) });
  }
}

function oldOption(reader: TokenReader, options: Mutable<CopyOptions>): void {
  if (reader.accept('binary')) options.format = 'binary';
  else if (reader.accept('csv')) options.format = 'csv';
  else if (reader.accept('header')) options.header = true;
  else if (reader.accept('freeze')) return;
  else if (reader.accept('force', 'quote'))
    options.forceQuote = reader.acceptSymbol('*') ? '*' : names(reader);
  else if (reader.accept('force', 'not', 'null')) options.forceNotNull = names(reader);
  else if (reader.accept('force', 'null')) options.forceNull = names(reader);
  else {
    const name = reader.word();
    if (
      name !== 'delimiter' &&
      name !== 'null' &&
      name !== 'quote' &&
      name !== 'escape' &&
      name !== 'encoding'
    ) {
      throw name === 'delimiters' ? reader.unsupported('COPY ... DELIMITERS') : reader.unexpected();
    }
    reader.next();
    reader.accept('as');
    options[name] = text(reader);
  }
}

function names(reader: TokenReader): string[] {
  const list: string[] = [];
  do list.push(reader.name());
  while (reader.acceptSymbol(','));
  return list;
}

function copyFormat(reader: TokenReader): CopyOptions['format'] {
  const token = reader.next();
  if (token.value === 'text' || token.value === 'csv' || token.value === 'binary') return token.value;
  throw new SqlError('22023', `COPY format "${token.value}" not recognized`, {
    position: reader.position(token),
  });
}

function text(reader: TokenReader): string {
  if (reader.peek()?.kind !== 'string') throw reader.unexpected();
  return reader.next().value;
}

function isOn(value: string): boolean {
  return ['true', 'on', '1', 'match'].includes(value.toLowerCase());
}
