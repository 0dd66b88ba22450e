import { castTo } from './casts.ts';
import { quoteName } from './keywords.ts';
import { nameList, relationName } from './relation-name.ts';
import { findColumn, fromDeclared } from './scope.ts';
import {
  columnDefinition,
  columnType,
  type Definition,
  defaultValue,
  deferrable,
  finishedColumn,
  referenced,
} from './table-elements.ts';
import type { Step, TableChange } from './translation.ts';
import { Level, type Translator } from './translator.ts';

/** ALTER TABLE, from behind these words. Keys are added as unique indexes that have their names. */
export function alterTable(translator: Translator): Step[] {
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
  const steps: Step[] = [];
  do steps.push(...action(translator, table));
  while (translator.acceptSymbol(','));
  translator.expectEnd();
  return steps;
}

function action(translator: Translator, table: string): Step[] {
  const head = `ALTER TABLE ${quoteName(table)}`;
  const start = translator.peek();
  if (translator.accept('rename')) return rename(translator, head);
  if (translator.accept('add')) return add(translator, table, head);
  if (translator.accept('drop')) return [drop(translator, table)];
  if (translator.accept('alter')) return alterColumn(translator, table, head);
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

function add(translator: Translator, table: string, head: string): Step[] {
  const start = translator.peek();
  const constraints = ['constraint', 'primary', 'unique', 'check', 'foreign', 'exclude'];
  if (!constraints.includes(translator.word() ?? '')) return addColumn(translator, table, head);
  const name = translator.accept('constraint') ? translator.name() : undefined;
  const primary = translator.accept('primary', 'key');
  if (primary || translator.accept('unique')) {
    if (translator.isWord('using')) throw translator.unsupported('ADD CONSTRAINT ... USING INDEX');
    const columns = nameList(translator);
    tail(translator);
    return [{ kind: 'add key', table, name, columns, primary }];
  }
  if (translator.accept('check')) return [check(translator, table, name)];
  if (translator.accept('foreign', 'key')) return [foreignKey(translator, table, name)];
  throw translator.unsupported(`ALTER TABLE ... ADD ${translator.word()?.toUpperCase() ?? ''}`, start);
}

/** SQLite adds a column by itself if its rows need not be looked at. */
function addColumn(translator: Translator, table: string, head: string): Step[] {
  translator.accept('column');
  const ifNotExists = translator.accept('if', 'not', 'exists');
  const definition: Definition = { table, columns: [], constraints: [], names: new Set() };
  const column = columnDefinition(translator, definition);
  const { name, declared, constraints, notNull, primaryKey: primary } = column;
  const key = constraints.find((text) => /^(?:CONSTRAINT .*)?\bUNIQUE$/s.test(text));
  const value = constraints.find((text) => text.startsWith('DEFAULT '))?.slice('DEFAULT '.length);
  const refers = constraints.some((text) => /^(?:CONSTRAINT .*)?\bREFERENCES /s.test(text));
  const constant = value !== undefined && !/^(?:\(|CURRENT_|NULL$)/i.test(value);
  const stored = constraints.some((text) => text.endsWith(' STORED'));
  const plain = !primary && key === undefined && (constant ? !refers : value === undefined && !notNull);
  if (plain && !stored) {
    if (ifNotExists && translator.schema?.columns(table)?.has(name)) return [];
    return [`${head} ADD COLUMN ${finishedColumn(translator, definition, column)}`];
  }
  if (stored) throw translator.unsupported('ALTER TABLE ... ADD COLUMN ... STORED');
  const text = finishedColumn(translator, definition, {
    ...column,
    constraints: constraints.filter((each) => each !== key),
  });
  const unique = key === undefined ? undefined : { name: nameOf(key) };
  return [
    {
      ...{ kind: 'add column', table, column: name, text, declared, value: value ?? 'NULL' },
      ...{ unique, primary, ifNotExists },
    },
  ];
}

/** Of `CONSTRAINT name UNIQUE`. */
function nameOf(constraint: string): string | undefined {
  const name = /^CONSTRAINT (?:"((?:[^"]|"")*)"|(\w+))/.exec(constraint);
  return name?.[1]?.replaceAll('""', '"') ?? name?.[2];
}

function check(translator: Translator, table: string, name: string | undefined): TableChange {
  const mark = translator.mark;
  const before = translator.references.length;
  translator.expectSymbol('(');
  translator.expression();
  translator.expectSymbol(')');
  const condition = translator.cut(mark).trim();
  translator.accept('no', 'inherit');
  const valid = !translator.accept('not', 'valid');
  const used = new Set(translator.references.slice(before).map((reference) => reference.name));
  const usualName = `${table}${used.size === 1 ? `_${[...used][0]}` : ''}_check`;
  return { kind: 'add check', table, name, usualName, condition, valid };
}

function foreignKey(translator: Translator, table: string, name: string | undefined): TableChange {
  const columns = nameList(translator);
  const { rules, ...target } = referenced(translator);
  const texts = [`REFERENCES${rules}`];
  let valid = true;
  for (;;) {
    if (translator.accept('not', 'valid')) valid = false;
    else if (!deferrable(translator, texts)) break;
  }
  const all = (texts[0] as string).slice('REFERENCES'.length);
  return { kind: 'add foreign key', table, name, columns, referenced: target, rules: all, valid };
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

function drop(translator: Translator, table: string): TableChange {
  const constraint = translator.accept('constraint');
  if (!constraint) translator.accept('column');
  const ifExists = translator.accept('if', 'exists');
  const token = translator.peek();
  const name = translator.name();
  if (!translator.accept('cascade')) translator.accept('restrict');
  if (!constraint) {
    translator.refer('column', name, name, token);
    return { kind: 'drop column', table, column: name, ifExists };
  }
  return { kind: 'drop constraint', table, name, ifExists };
}

function alterColumn(translator: Translator, table: string, head: string): Step[] {
  translator.accept('column');
  const token = translator.peek();
  const name = columnName(translator);
  const column = token?.value ?? '';
  if (translator.accept('set', 'not', 'null')) return [{ kind: 'set not null', table, column }];
  if (translator.accept('drop', 'not', 'null')) return [`${head} ALTER COLUMN ${name} DROP NOT NULL`];
  if (translator.accept('drop', 'default')) return [{ kind: 'set default', table, column, text: undefined }];
  if (translator.accept('set', 'default'))
    return [{ kind: 'set default', table, column, text: defaultValue(translator, 0) }];
  if (translator.accept('set', 'data', 'type') || translator.accept('type'))
    return [changeType(translator, table, column)];
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

/** `TYPE type [USING expression]`. Without an expression values become what a cast makes of them, but are never shortened. */
function changeType(translator: Translator, table: string, column: string): TableChange {
  const { type, declared } = columnType(translator);
  if (translator.accept('collate')) translator.name();
  const using = translator.accept('using');
  const mark = translator.mark;
  if (using) translator.expression();
  else {
    translator.put(quoteName(column));
    const known = findColumn(translator.scope, undefined, column)?.column.type;
    const value = { first: mark, level: Level.PRIMARY, type: known, name: undefined, columns: true };
    castTo(translator, value, type.name === 'numeric' ? type : { ...type, modifiers: [] });
  }
  return { kind: 'set type', table, column, declared, value: translator.cut(mark).trim(), using };
}
