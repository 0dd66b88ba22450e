import { quoteName } from './keywords.ts';
import { nameList, relationName } from './relation-name.ts';
import { columnDefinition, type Definition, finishedColumn, tableConstraint } from './table-elements.ts';
import type { Translator } from './translator.ts';

/** CREATE TABLE, from behind that word. */
export function createTable(translator: Translator, temporary: boolean): string[] {
  const ifNotExists = translator.accept('if', 'not', 'exists');
  const token = translator.peek();
  const name = relationName(translator);
  const head = `CREATE ${temporary ? 'TEMP ' : ''}TABLE ${ifNotExists ? 'IF NOT EXISTS ' : ''}${quoteName(name)}`;
  if (translator.isWord('of') || translator.isWord('partition')) {
    throw translator.unsupported(`CREATE TABLE ... ${translator.word()?.toUpperCase()} OF`, token);
  }
  const elements =
    translator.is('(') && !isColumnNames(translator) ? tableElements(translator, name) : undefined;
  if (elements === undefined) return [asQuery(translator, head)];
  const { text, options } = { text: elements, options: tableOptions(translator) };
  return [`${head} (${text})${options}`];
}

/** `(a, b) AS query`, which has names without types. */
function isColumnNames(translator: Translator): boolean {
  return translator.is(',', 2) || translator.is(')', 2);
}

function tableElements(translator: Translator, table: string): string {
  const definition: Definition = { table, columns: [], constraints: [], names: new Set() };
  const columns = new Map<string, { type: string | undefined; notNull: boolean }>();
  translator.scope?.relations.push({ alias: table, columns });
  translator.expectSymbol('(');
  if (translator.is(')')) throw translator.unsupported('a table without columns');
  do {
    if (translator.isWord('like')) throw translator.unsupported('CREATE TABLE ... LIKE');
    if (!tableConstraint(translator, definition)) {
      const column = columnDefinition(translator, definition);
      definition.columns.push(column);
      columns.set(column.name, { type: column.type, notNull: false });
    }
  } while (translator.acceptSymbol(','));
  translator.expectSymbol(')');
  const list = definition.columns.map((column) => finishedColumn(translator, definition, column));
  return [...list, ...definition.constraints].join(', ');
}

/** What stands behind the parentheses; of SQLite's own STRICT and WITHOUT ROWID are passed on. */
function tableOptions(translator: Translator): string {
  const kept: string[] = [];
  while (!translator.atEnd) {
    if (translator.isWord('inherits')) throw translator.unsupported('INHERITS');
    if (translator.isWord('partition')) throw translator.unsupported('PARTITION BY');
    if (translator.accept('without', 'rowid')) kept.push('WITHOUT ROWID');
    else if (translator.accept('strict')) kept.push('STRICT');
    else if (translator.isWord('with') && translator.is('(', 1)) {
      translator.next();
      translator.skipParentheses();
    } else if (translator.accept('tablespace') || translator.accept('using')) translator.name();
    else if (translator.accept('on', 'commit')) {
      if (!translator.accept('preserve', 'rows'))
        throw translator.unsupported('ON COMMIT DELETE ROWS or DROP');
    } else if (!translator.accept('without', 'oids') && !translator.acceptSymbol(','))
      throw translator.unexpected();
  }
  return kept.length === 0 ? '' : ` ${kept.join(', ')}`;
}

/** CREATE TABLE … AS query. */
function asQuery(translator: Translator, head: string): string {
  const names = translator.is('(') ? nameList(translator) : undefined;
  if (translator.isWord('with')) {
    translator.next();
    translator.skipParentheses();
  }
  translator.expect('as');
  translator.query();
  const data = !translator.accept('with', 'no', 'data');
  translator.accept('with', 'data');
  translator.expectEnd();
  const query = translator.output.trim();
  if (names === undefined) return `${head} AS ${data ? query : `SELECT * FROM (${query}) WHERE false`}`;
  const named = `WITH _t(${names.map(quoteName).join(', ')}) AS (${query}) SELECT * FROM _t`;
  return `${head} AS ${named}${data ? '' : ' WHERE false'}`;
}
