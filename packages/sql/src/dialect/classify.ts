import { own } from '../own-value.ts';
import type { Statement } from '../parse/statements.ts';
import { TokenReader } from '../parse/token-reader.ts';
import { SqlError } from '../sql-error.ts';
import type { Command } from './commands.ts';
import { copy } from './copy-command.ts';
import { close, declare, fetch } from './cursor-commands.ts';
import { set, show } from './setting-commands.ts';
import { begin, end, rollback, savepoint } from './transaction-commands.ts';
import { readTypeName } from './type-names.ts';

/**
 * What a statement is, and what the session needs of it.
 * @throws SqlError 42601 for a syntax error in what it reads here, 0A000 for commands that do not exist here
 */
export function classify(statement: Statement): Command {
  const reader = new TokenReader(statement);
  if (reader.is('(')) return { kind: 'select' };
  const verb = reader.word();
  const command = verb === undefined ? undefined : own(commands, verb);
  if (command === undefined) throw reader.unexpected();
  return command(reader);
}

const commands: { readonly [verb: string]: (reader: TokenReader) => Command } = {
  select: () => ({ kind: 'select' }),
  values: () => ({ kind: 'select' }),
  table: () => ({ kind: 'select' }),
  with: afterWith,
  insert: () => ({ kind: 'insert' }),
  replace: () => ({ kind: 'insert' }),
  update: () => ({ kind: 'update' }),
  delete: () => ({ kind: 'delete' }),
  create: definition,
  alter: definition,
  drop: definition,
  truncate: () => ({ kind: 'definition', tag: 'TRUNCATE TABLE' }),
  comment: () => ({ kind: 'definition', tag: 'COMMENT' }),
  begin,
  start: begin,
  commit: end,
  end,
  rollback,
  abort: rollback,
  savepoint,
  release: savepoint,
  set,
  show,
  reset: show,
  discard(reader) {
    reader.next();
    const what = reader.word() === 'temporary' ? 'temp' : reader.word();
    if (what !== 'all' && what !== 'plans' && what !== 'sequences' && what !== 'temp')
      throw reader.unexpected();
    reader.next();
    reader.expectEnd();
    return { kind: 'discard', what };
  },
  prepare,
  execute,
  deallocate(reader) {
    reader.next();
    reader.accept('prepare');
    const all = reader.isWord('all');
    const name = reader.name();
    reader.expectEnd();
    return { kind: 'deallocate', name: all ? undefined : name };
  },
  declare,
  fetch,
  move: fetch,
  close,
  copy,
  listen: channel,
  notify: channel,
  unlisten: channel,
  explain,
  vacuum,
  analyze(reader) {
    reader.next();
    if (reader.is('(')) reader.skipParentheses();
    reader.accept('verbose');
    return { kind: 'analyze', tables: tableNames(reader) };
  },
  reindex: () => ({ kind: 'reindex', tables: [] }),
  cluster: () => ({ kind: 'cluster', tables: [] }),
  checkpoint: () => ({ kind: 'checkpoint' }),
  lock(reader) {
    reader.next();
    reader.accept('table');
    reader.accept('only');
    const tables = tableNames(reader, 'in', 'nowait');
    const mode = reader.accept('in') ? reader.text(reader.at).toLowerCase() : 'access exclusive mode';
    return { kind: 'lock', tables, mode };
  },
  pragma: () => ({ kind: 'pragma' }),
  attach: () => ({ kind: 'pragma' }),
  detach: () => ({ kind: 'pragma' }),
  merge: refused('MERGE'),
  grant: refused('GRANT'),
  revoke: refused('REVOKE'),
  do: refused('DO'),
  call: refused('CALL'),
  security: refused('SECURITY LABEL'),
  refresh: refused('REFRESH MATERIALIZED VIEW'),
  reassign: refused('REASSIGN OWNED'),
  import: refused('IMPORT FOREIGN SCHEMA'),
  load: refused('LOAD'),
};

function refused(construct: string): (reader: TokenReader) => Command {
  return (reader) => {
    throw reader.unsupported(construct);
  };
}

/** What a statement is that begins with WITH stands behind its named queries, outside of all parentheses. */
function afterWith(reader: TokenReader): Command {
  while (!reader.atEnd) {
    if (reader.is('(')) {
      reader.skipParentheses();
      continue;
    }
    const word = reader.word();
    if (word === 'insert' || word === 'update' || word === 'delete') return { kind: word };
    if (word === 'select' || word === 'values' || word === 'table') return { kind: 'select' };
    reader.next();
  }
  return { kind: 'select' };
}

const kinds = [
  ['table'],
  ['index'],
  ['view'],
  ['trigger'],
  ['schema'],
  ['sequence'],
  ['extension'],
  ['function'],
  ['procedure'],
  ['type'],
  ['domain'],
  ['role'],
  ['user'],
  ['database'],
  ['aggregate'],
  ['operator'],
  ['rule'],
  ['policy'],
  ['publication'],
  ['subscription'],
  ['server'],
  ['collation'],
  ['cast'],
  ['statistics'],
  ['materialized', 'view'],
  ['foreign', 'table'],
  ['event', 'trigger'],
  ['text', 'search'],
];
const modifiers = new Set([
  'or',
  'replace',
  'temp',
  'temporary',
  'unlogged',
  'unique',
  'global',
  'local',
  'recursive',
  'virtual',
]);

/** CREATE TABLE, DROP INDEX and so on: the tag is the verb and the kind of thing. */
function definition(reader: TokenReader): Command {
  const verb = reader.next().value.toUpperCase();
  while (modifiers.has(reader.word() ?? '')) reader.next();
  const kind = kinds.find((words) => words.every((word, index) => reader.isWord(word, index)));
  if (kind === undefined) throw reader.unexpected();
  return { kind: 'definition', tag: `${verb} ${kind.join(' ').toUpperCase()}` };
}

function prepare(reader: TokenReader): Command {
  reader.next();
  if (reader.isWord('transaction')) throw reader.unsupported('PREPARE TRANSACTION', reader.peek(-1));
  const name = reader.name();
  const types: string[] = [];
  if (reader.acceptSymbol('(')) {
    do types.push(readTypeName(reader).name);
    while (reader.acceptSymbol(','));
    reader.expectSymbol(')');
  }
  reader.expect('as');
  if (reader.atEnd) throw reader.unexpected();
  return { kind: 'prepare', name, types, statement: reader.rest() };
}

function execute(reader: TokenReader): Command {
  reader.next();
  const name = reader.name();
  if (!reader.is('(')) {
    reader.expectEnd();
    return { kind: 'execute', name, values: undefined };
  }
  const from = reader.at;
  reader.skipParentheses();
  reader.expectEnd();
  const values = reader.text(from + 1, reader.at - 1);
  return { kind: 'execute', name, values: values === '' ? undefined : `SELECT ${values}` };
}

function channel(reader: TokenReader): Command {
  const kind = reader.next().value as 'listen' | 'notify' | 'unlisten';
  const name = reader.is('*') ? reader.next().value : reader.name();
  return { kind, channel: name };
}

const explainOptions = new Set(
  'analyze verbose costs settings generic_plan buffers wal timing summary format'.split(' '),
);

function explain(reader: TokenReader): Command {
  reader.next();
  let analyze = false;
  let format = 'text';
  if (reader.acceptSymbol('(')) {
    do {
      const token = reader.peek();
      const option = reader.name();
      if (!explainOptions.has(option)) {
        const details = { position: reader.position(token) };
        throw new SqlError('42601', `unrecognized EXPLAIN option "${option}"`, details);
      }
      const value = reader.is(',') || reader.is(')') ? 'true' : reader.next().value;
      if (option === 'analyze') analyze = isOn(value);
      if (option === 'format') format = value.toLowerCase();
    } while (reader.acceptSymbol(','));
    reader.expectSymbol(')');
  } else {
    analyze = reader.accept('analyze');
    reader.accept('verbose');
  }
  if (reader.atEnd) throw reader.unexpected();
  return { kind: 'explain', analyze, format, statement: reader.rest() };
}

function isOn(value: string): boolean {
  return ['true', 'on', '1', 'yes'].includes(value.toLowerCase());
}

function vacuum(reader: TokenReader): Command {
  reader.next();
  const options = new Set<string>();
  if (reader.acceptSymbol('(')) {
    do {
      const option = reader.name();
      const value = reader.is(',') || reader.is(')') ? 'true' : reader.next().value;
      if (isOn(value)) options.add(option);
    } while (reader.acceptSymbol(','));
    reader.expectSymbol(')');
  } else {
    for (const word of ['full', 'freeze', 'verbose', 'analyze']) if (reader.accept(word)) options.add(word);
  }
  return {
    kind: 'vacuum',
    full: options.has('full'),
    analyze: options.has('analyze'),
    tables: tableNames(reader),
  };
}

/** Names of tables up to the end or to one of some words. */
function tableNames(reader: TokenReader, ...stops: readonly string[]): string[] {
  const names: string[] = [];
  while (!reader.atEnd && !stops.includes(reader.word() ?? '')) {
    let name = reader.name();
    while (reader.acceptSymbol('.')) name = reader.name();
    names.push(name);
    reader.acceptSymbol('*');
    if (reader.is('(')) reader.skipParentheses();
    if (!reader.acceptSymbol(',')) break;
  }
  return names;
}
