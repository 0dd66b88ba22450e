import { SqlError } from '../sql-error.ts';
import { quoteName } from './keywords.ts';
import { nameList, relationName } from './relation-name.ts';
import type { Translator } from './translator.ts';
import { isTypeName, readTypeName, type TypeName } from './type-names.ts';

/** A column as it is being read. */
export type Column = {
  readonly name: string;
  /** As it is declared to SQLite. */
  declared: string;
  readonly type: string;
  /** Whether it counts by itself: SERIAL, IDENTITY. */
  counts: boolean;
  notNull: boolean;
  primaryKey: boolean;
  readonly constraints: string[];
};

/** A table as it is being read. */
export type Definition = {
  readonly table: string;
  readonly columns: Column[];
  readonly constraints: string[];
  /** Names that constraints have already. */
  readonly names: Set<string>;
  /** The columns of PRIMARY KEY (…). */
  primaryKey?: readonly string[];
};

const serials = new Set(['serial', 'serial4', 'bigserial', 'serial8', 'smallserial', 'serial2']);

/** `name type constraints`. */
export function columnDefinition(translator: Translator, definition: Definition): Column {
  const name = translator.name();
  const counts = serials.has(translator.word() ?? '');
  const { declared, type } = columnType(translator);
  const column: Column = {
    name,
    declared: counts ? 'INTEGER' : declared,
    type: type.name,
    counts,
    notNull: false,
    primaryKey: false,
    constraints: [],
  };
  while (columnConstraint(translator, definition, column));
  return column;
}

/** The type of a column: as PostgreSQL calls it, and as it is declared to SQLite. */
export function columnType(translator: Translator): { readonly type: TypeName; readonly declared: string } {
  if (translator.is(',') || translator.is(')')) throw translator.unexpected();
  const from = translator.at;
  const start = translator.peek();
  const type = readTypeName(translator);
  if (!isTypeName(type.name.replace(/^_/, ''))) {
    throw new SqlError('42704', `type "${type.name}" does not exist`, {
      position: translator.position(start),
    });
  }
  return { type, declared: declaredType(translator.text(from, translator.at)) };
}

/** As it was written, without the schema of built-in types; arrays are texts. */
function declaredType(text: string): string {
  const plain = text
    .replace(/\s+/g, ' ')
    .replace(/^"?pg_catalog"?\s*\.\s*/i, '')
    .replaceAll('"', '');
  return /\[|\barray$/i.test(plain) ? quoteName(plain) : plain;
}

/** One constraint of a column, if there is one. */
function columnConstraint(translator: Translator, definition: Definition, column: Column): boolean {
  const name = translator.accept('constraint') ? translator.name() : undefined;
  const named = name === undefined ? '' : `CONSTRAINT ${quoteName(name)} `;
  const { constraints } = column;
  if (translator.accept('not', 'null')) column.notNull = true;
  else if (translator.accept('null')) return true;
  else if (translator.accept('primary', 'key')) {
    column.primaryKey = true;
    constraints.push(`${named}PRIMARY KEY`);
    // SQLite's word for keys that are never used again.
    if (translator.accept('autoincrement')) constraints.push('AUTOINCREMENT');
    storageParameters(translator);
  } else if (translator.accept('unique')) {
    nullsDistinct(translator);
    constraints.push(`${named}UNIQUE`);
    storageParameters(translator);
  } else if (translator.isWord('check')) {
    const chosen = name ?? freeName(definition, `${definition.table}_${column.name}_check`);
    constraints.push(`CONSTRAINT ${quoteName(chosen)} ${check(translator)}`);
  } else if (translator.accept('default')) constraints.push(`DEFAULT ${defaultValue(translator)}`);
  else if (translator.isWord('generated')) generated(translator, column);
  else if (translator.isWord('references')) constraints.push(`${named}${references(translator)}`);
  else if (translator.accept('collate')) collation(translator, constraints);
  else if (!deferrable(translator, constraints)) {
    if (name !== undefined) throw translator.unexpected();
    return false;
  }
  return true;
}

function collation(translator: Translator, constraints: string[]): void {
  let name = translator.name();
  while (translator.acceptSymbol('.')) name = translator.name();
  if (['nocase', 'rtrim', 'binary'].includes(name.toLowerCase())) constraints.push(`COLLATE ${name}`);
  else if (!['default', 'C', 'POSIX', 'c', 'posix'].includes(name)) {
    throw translator.unsupported(`COLLATE "${name}"`, translator.peek(-1));
  }
}

/** `[NOT] DEFERRABLE [INITIALLY DEFERRED | IMMEDIATE]`, of what stands before it. */
export function deferrable(translator: Translator, constraints: string[]): boolean {
  const mark = constraints.length - 1;
  const text = translator.accept('not', 'deferrable')
    ? 'NOT DEFERRABLE'
    : translator.accept('deferrable')
      ? 'DEFERRABLE'
      : undefined;
  let initially = '';
  if (translator.accept('initially')) {
    const deferred = translator.accept('deferred');
    if (!deferred) translator.expect('immediate');
    initially = deferred ? ' INITIALLY DEFERRED' : ' INITIALLY IMMEDIATE';
  }
  if (text === undefined && initially === '') return false;
  // Only foreign keys can wait until the end of a transaction.
  if (/REFERENCES/.test(constraints[mark] ?? '')) constraints[mark] += ` ${text ?? 'DEFERRABLE'}${initially}`;
  return true;
}

function nullsDistinct(translator: Translator): void {
  if (translator.isWord('nulls') && translator.isWord('not', 1))
    throw translator.unsupported('UNIQUE NULLS NOT DISTINCT');
  translator.accept('nulls', 'distinct');
}

function storageParameters(translator: Translator): void {
  if (translator.isWord('include')) throw translator.unsupported('INCLUDE');
  if (translator.isWord('with') && translator.is('(', 1)) {
    translator.next();
    translator.skipParentheses();
  }
  if (translator.accept('using', 'index', 'tablespace')) translator.name();
}

function check(translator: Translator): string {
  const mark = translator.mark;
  translator.next();
  translator.expectSymbol('(');
  translator.expression();
  translator.expectSymbol(')');
  translator.accept('no', 'inherit');
  return `CHECK (${translator.cut(mark).trim()})`;
}

/** In PostgreSQL's way: the first that is free of `name`, `name1`, `name2`. */
function freeName(definition: Definition, name: string): string {
  let free = name;
  for (let count = 1; definition.names.has(free); count++) free = `${name}${count}`;
  definition.names.add(free);
  return free;
}

/** Of no operator: in CREATE TABLE other constraints follow a default. */
const TIGHTEST = 13;

/** `now()` becomes SQLite's own constant, so that every program that opens the file can insert. */
export function defaultValue(translator: Translator, above = TIGHTEST): string {
  const mark = translator.mark;
  const expression = translator.expression(above);
  const written = translator.cut(mark).trim();
  if (written === 'now()') return 'CURRENT_TIMESTAMP';
  if (written === 'local_now()') return 'CURRENT_TIMESTAMP';
  if (written === 'current_date_of_transaction()') return 'CURRENT_DATE';
  const constant =
    expression.level >= 11 && /^(?:[-+]?[\d.]+|'(?:[^']|'')*'|NULL|TRUE|FALSE)$/i.test(written);
  return constant ? written : `(${written})`;
}

/** GENERATED … AS IDENTITY counts like SERIAL; GENERATED ALWAYS AS (expression) STORED is SQLite's too. */
function generated(translator: Translator, column: Column): void {
  translator.next();
  const always = translator.accept('always');
  if (!always) translator.expect('by', 'default');
  translator.expect('as');
  if (translator.accept('identity')) {
    if (translator.is('(')) translator.skipParentheses();
    column.counts = true;
    column.declared = 'INTEGER';
    return;
  }
  const mark = translator.mark;
  translator.expectSymbol('(');
  translator.expression();
  translator.expectSymbol(')');
  const written = translator.cut(mark).trim();
  const virtual = translator.accept('virtual');
  if (!virtual) translator.expect('stored');
  const kind = virtual ? 'VIRTUAL' : 'STORED';
  column.constraints.push(`GENERATED ALWAYS AS (${written}) ${kind}`);
}

function references(translator: Translator): string {
  const { table, columns, rules } = referenced(translator);
  const list = columns.length === 0 ? '' : ` (${columns.map(quoteName).join(', ')})`;
  return `REFERENCES ${quoteName(table)}${list}${rules}`;
}

/** `REFERENCES table (columns) MATCH … ON DELETE … ON UPDATE …`. */
export function referenced(translator: Translator): {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rules: string;
} {
  translator.expect('references');
  const token = translator.peek();
  const table = relationName(translator);
  translator.refer('relation', table, table, token);
  const columns = translator.is('(') ? nameList(translator) : [];
  let rules = '';
  for (;;) {
    if (translator.accept('match')) translator.next();
    else if (translator.accept('on')) {
      const event = translator.next().value.toUpperCase();
      rules += ` ON ${event} ${action(translator)}`;
    } else return { table, columns, rules };
  }
}

function action(translator: Translator): string {
  if (translator.accept('no', 'action')) return 'NO ACTION';
  if (translator.accept('set', 'null')) return 'SET NULL';
  if (translator.accept('set', 'default')) return 'SET DEFAULT';
  if (translator.accept('cascade')) return 'CASCADE';
  translator.expect('restrict');
  return 'RESTRICT';
}

/** A constraint of the whole table, if there is one. */
export function tableConstraint(translator: Translator, definition: Definition): boolean {
  const starts = ['constraint', 'primary', 'unique', 'check', 'foreign', 'exclude'];
  if (!starts.includes(translator.word() ?? '')) return false;
  const name = translator.accept('constraint') ? translator.name() : undefined;
  const named = name === undefined ? '' : `CONSTRAINT ${quoteName(name)} `;
  const { constraints } = definition;
  if (translator.accept('primary', 'key')) {
    const columns = nameList(translator);
    definition.primaryKey = columns;
    constraints.push(`${named}PRIMARY KEY (${columns.map(quoteName).join(', ')})`);
    storageParameters(translator);
  } else if (translator.accept('unique')) {
    nullsDistinct(translator);
    constraints.push(`${named}UNIQUE (${nameList(translator).map(quoteName).join(', ')})`);
    storageParameters(translator);
  } else if (translator.isWord('check')) {
    const before = translator.references.length;
    const text = check(translator);
    const used = new Set(
      translator.references
        .slice(before)
        .filter(({ kind }) => kind === 'column')
        .map((reference) => reference.name),
    );
    const column = used.size === 1 ? `_${[...used][0]}` : '';
    constraints.push(
      `CONSTRAINT ${quoteName(name ?? freeName(definition, `${definition.table}${column}_check`))} ${text}`,
    );
  } else if (translator.accept('foreign', 'key')) {
    const columns = nameList(translator).map(quoteName).join(', ');
    constraints.push(`${named}FOREIGN KEY (${columns}) ${references(translator)}`);
  } else throw translator.unsupported('EXCLUDE');
  while (deferrable(translator, constraints));
  return true;
}

/** A column as SQLite is to have it; keys are never NULL, which SQLite does not demand by itself. */
export function finishedColumn(translator: Translator, definition: Definition, column: Column): string {
  const { primaryKey } = definition;
  const isKey = column.primaryKey || primaryKey?.includes(column.name) === true;
  const alone = column.primaryKey || primaryKey?.length === 1;
  if (column.counts && !(isKey && alone)) {
    throw translator.unsupported(
      `a counting column that is not the primary key ("${column.name}")`,
      translator.tokens[0],
      'SQLite counts only its primary key.',
    );
  }
  const counted = isKey && alone && column.declared.toUpperCase() === 'INTEGER';
  const notNull = (column.notNull || isKey) && !counted ? ' NOT NULL' : '';
  const rest = column.constraints.length === 0 ? '' : ` ${column.constraints.join(' ')}`;
  return `${quoteName(column.name)} ${column.declared}${notNull}${rest}`;
}
