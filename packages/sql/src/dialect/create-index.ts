import { quoteName } from './keywords.ts';
import { relationName } from './relation-name.ts';
import { fromDeclared } from './scope.ts';
import type { Translator } from './translator.ts';

/** CREATE INDEX, from behind that word; SQLite has one method and no classes of operators. */
export function createIndex(translator: Translator, unique: boolean): string[] {
  translator.accept('concurrently');
  const ifNotExists = translator.accept('if', 'not', 'exists');
  const given = translator.isWord('on') ? undefined : relationName(translator);
  translator.expect('on');
  translator.accept('only');
  const start = translator.peek();
  const table = relationName(translator);
  translator.refer('relation', table, table, start);
  const known = translator.schema?.columns(table);
  translator.scope?.relations.push({ alias: table, columns: known && fromDeclared(known) });
  if (translator.accept('using')) {
    const token = translator.peek();
    const method = translator.name();
    if (method !== 'btree' && method !== 'hash')
      throw translator.unsupported(`index method ${method}`, token);
  }
  const { columns, names } = indexedColumns(translator);
  const name = given ?? `${table}_${names.join('_')}_idx`;
  if (translator.accept('include')) translator.skipParentheses();
  if (translator.isWord('nulls') && translator.isWord('not', 1))
    throw translator.unsupported('UNIQUE NULLS NOT DISTINCT');
  translator.accept('nulls', 'distinct');
  if (translator.isWord('with')) {
    translator.next();
    translator.skipParentheses();
  }
  if (translator.accept('tablespace')) translator.name();
  const where = predicate(translator);
  translator.expectEnd();
  const head = `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${ifNotExists ? 'IF NOT EXISTS ' : ''}${quoteName(name)}`;
  return [`${head} ON ${quoteName(table)} (${columns.join(', ')})${where}`];
}

function indexedColumns(translator: Translator): { columns: string[]; names: string[] } {
  const columns: string[] = [];
  const names: string[] = [];
  translator.expectSymbol('(');
  do {
    const mark = translator.mark;
    const column = translator.expression();
    names.push(column.name ?? 'expr');
    let text = translator.cut(mark).trim();
    // A class of operators.
    if (!['asc', 'desc', 'nulls'].includes(translator.word() ?? 'asc')) translator.name();
    if (translator.accept('desc')) text += ' DESC';
    else translator.accept('asc');
    if (translator.accept('nulls')) translator.next();
    columns.push(text);
  } while (translator.acceptSymbol(','));
  translator.expectSymbol(')');
  return { columns, names };
}

function predicate(translator: Translator): string {
  if (!translator.accept('where')) return '';
  const mark = translator.mark;
  translator.expression();
  return ` WHERE ${translator.cut(mark).trim()}`;
}
