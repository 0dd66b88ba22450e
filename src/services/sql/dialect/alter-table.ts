import { quoteName } from './keywords.ts';
import { nameList, relationName } from './relation-name.ts';
import { fromDeclared } from './scope.ts';
import { columnDefinition, type Definition, finishedColumn } from './table-elements.ts';
import type { Translator } from './translator.ts';

/** ALTER TABLE, from behind these words. Keys are added as unique indexes that have their names. */
export function alterTable(translator: Translator): string[] {
  const ifExists = translator.accept('if', 'exists');
  translator.accept('only');
  const start = translator.peek();
  const table = relationName(translator);
  translator.acceptSymbol('*');
  translator.refer('relation', table, table, start);
  const known = translator.schema?.columns(table);
  if (ifExists && translator.schema !== undefined && known === undefined) {
    translator.notices.push({
      unlessRelation: table,
      message: `relation "${table}" does not exist, skipping`,
    });
    translator.at = translator.tokens.length;
    return [];
  }
  translator.scope?.relations.push({ alias: table, columns: known && fromDeclared(known) });
  const sql: string[] = [];
  do sql.push(...action(translator, table));
  while (translator.acceptSymbol(','));
  translator.expectEnd();
  return sql;
}

function action(translator: Translator, table: string): string[] {
  const head = `ALTER TABLE ${quoteName(table)}`;
  const start = translator.peek();
  if (translator.accept('rename')) return rename(translator, head);
  if (translator.accept('add')) return add(translator, table, head);
  if (translator.accept('drop')) return drop(translator, head);
  if (translator.accept('alter')) return alterColumn(translator, head);
  if (translator.accept('owner', 'to')) {
    translator.name();
    return [];
  }
  if (translator.accept('replica', 'identity')) {
    translator.name();
    return [];
  }
  if ((translator.accept('set') || translator.accept('reset')) && translator.is('(')) {
    translator.skipParentheses();
    return [];
  }
  throw translator.unsupported(`ALTER TABLE ... ${start?.value.toUpperCase() ?? ''}`, start);
}

function rename(translator: Translator, head: string): string[] {
  if (translator.isWord('constraint')) throw translator.unsupported('RENAME CONSTRAINT');
  if (translator.accept('to')) return [`${head} RENAME TO ${quoteName(translator.name())}`];
  translator.accept('column');
  const from = columnName(translator);
  translator.expect('to');
  return [`${head} RENAME COLUMN ${from} TO ${quoteName(translator.name())}`];
}

function columnName(translator: Translator): string {
  const token = translator.peek();
  const name = translator.name();
  translator.refer('column', name, name, token);
  return quoteName(name);
}

function add(translator: Translator, table: string, head: string): string[] {
  const start = translator.peek();
  const constraints = ['constraint', 'primary', 'unique', 'check', 'foreign', 'exclude'];
  if (!constraints.includes(translator.word() ?? '')) {
    translator.accept('column');
    const ifNotExists = translator.accept('if', 'not', 'exists');
    const definition: Definition = { table, columns: [], constraints: [], names: new Set() };
    const column = columnDefinition(translator, definition);
    if (ifNotExists && translator.schema?.columns(table)?.has(column.name)) return [];
    return [`${head} ADD COLUMN ${finishedColumn(translator, definition, column)}`];
  }
  const name = translator.accept('constraint') ? translator.name() : undefined;
  if (translator.accept('primary', 'key')) {
    refuseUsingIndex(translator);
    const columns = nameList(translator);
    tail(translator);
    const set = columns.map((column) => `${head} ALTER COLUMN ${quoteName(column)} SET NOT NULL`);
    return [...set, uniqueIndex(name ?? `${table}_pkey`, table, columns)];
  }
  if (translator.accept('unique')) {
    refuseUsingIndex(translator);
    const columns = nameList(translator);
    tail(translator);
    return [uniqueIndex(name ?? `${table}_${columns.join('_')}_key`, table, columns)];
  }
  if (translator.accept('check')) {
    const mark = translator.mark;
    const before = translator.references.length;
    translator.expectSymbol('(');
    translator.expression();
    translator.expectSymbol(')');
    const text = translator.cut(mark).trim();
    if (!translator.accept('not', 'valid')) translator.accept('no', 'inherit');
    const used = new Set(translator.references.slice(before).map((reference) => reference.name));
    const chosen = name ?? `${table}${used.size === 1 ? `_${[...used][0]}` : ''}_check`;
    return [`${head} ADD CONSTRAINT ${quoteName(chosen)} CHECK (${text})`];
  }
  const what = translator.isWord('foreign') ? 'FOREIGN KEY' : (translator.word()?.toUpperCase() ?? '');
  throw translator.unsupported(
    `ALTER TABLE ... ADD ${what}`,
    start,
    'SQLite takes foreign keys only in CREATE TABLE.',
  );
}

function refuseUsingIndex(translator: Translator): void {
  if (translator.isWord('using')) throw translator.unsupported('ADD CONSTRAINT ... USING INDEX');
}

function tail(translator: Translator): void {
  if (translator.accept('include')) translator.skipParentheses();
  if (translator.isWord('with')) {
    translator.next();
    translator.skipParentheses();
  }
  if (translator.accept('using', 'index', 'tablespace')) translator.name();
  if (translator.accept('deferrable') || translator.accept('not', 'deferrable')) return;
}

function uniqueIndex(name: string, table: string, columns: readonly string[]): string {
  return `CREATE UNIQUE INDEX ${quoteName(name)} ON ${quoteName(table)} (${columns.map(quoteName).join(', ')})`;
}

function drop(translator: Translator, head: string): string[] {
  const constraint = translator.accept('constraint');
  if (!constraint) translator.accept('column');
  const ifExists = translator.accept('if', 'exists');
  const token = translator.peek();
  const name = translator.name();
  if (!translator.accept('cascade')) translator.accept('restrict');
  if (!constraint) {
    translator.refer('column', name, name, token);
    return [`${head} DROP COLUMN ${quoteName(name)}`];
  }
  // Keys that were added later are indexes; their names say so.
  if (/_(?:pkey|key|idx)\d*$/.test(name))
    return [`DROP INDEX ${ifExists ? 'IF EXISTS ' : ''}${quoteName(name)}`];
  return [`${head} DROP CONSTRAINT ${quoteName(name)}`];
}

function alterColumn(translator: Translator, head: string): string[] {
  translator.accept('column');
  const token = translator.peek();
  const name = columnName(translator);
  if (translator.accept('set', 'not', 'null')) return [`${head} ALTER COLUMN ${name} SET NOT NULL`];
  if (translator.accept('drop', 'not', 'null')) return [`${head} ALTER COLUMN ${name} DROP NOT NULL`];
  if (translator.accept('set', 'statistics')) {
    if (!translator.acceptSymbol('-')) translator.acceptSymbol('+');
    translator.next();
    return [];
  }
  if (translator.accept('set', 'storage')) {
    translator.next();
    return [];
  }
  const words = [translator.word(), translator.word(1)].filter((word) => word !== undefined);
  throw translator.unsupported(`ALTER COLUMN ... ${words.join(' ').toUpperCase()}`, token);
}
