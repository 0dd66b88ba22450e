import type { Statement } from '../parse/statements.ts';
import { typeNamed } from '../types/pg-type.ts';
import { change } from './changes.ts';
import { definition } from './definitions.ts';
import { expression } from './expressions.ts';
import { query } from './queries.ts';
import type { ColumnHint, Schema, Translation } from './translation.ts';
import { type ResultColumns, Translator } from './translator.ts';

const grammar = { expression, query };

/**
 * A statement in SQLite's syntax: SELECT and its like, INSERT, UPDATE, DELETE, and definitions.
 * @param schema what is known of the tables; without it types are guessed from the text alone
 * @throws SqlError 42601 for a syntax error, 0A000 for what has no counterpart, 22P02 and others for literals
 */
export function translate(statement: Statement, schema?: Schema): Translation {
  const translator = new Translator(statement, grammar, schema);
  const verb = verbOf(translator);
  if (verb === 'definition') {
    const steps = definition(translator);
    const sql = steps.filter((step) => typeof step === 'string');
    const translation = finished(translator, sql, []);
    return sql.length === steps.length ? translation : { ...translation, steps };
  }
  const columns = verb === 'change' ? change(translator) : query(translator);
  translator.expectEnd();
  return finished(translator, [translator.output.trim()], columns);
}

function verbOf(translator: Translator): 'definition' | 'change' | 'query' {
  const changing = ['insert', 'replace', 'update', 'delete'];
  const word = translator.word() ?? '';
  if (changing.includes(word)) return 'change';
  if (['create', 'alter', 'drop', 'truncate', 'comment'].includes(word)) return 'definition';
  if (word !== 'with') return 'query';
  let depth = 0;
  for (const { kind, value } of translator.tokens) {
    if (kind === 'punctuation') depth += value === '(' ? 1 : value === ')' ? -1 : 0;
    if (depth !== 0 || kind !== 'word') continue;
    if (changing.includes(value)) return 'change';
    if (value === 'select' || value === 'values') return 'query';
  }
  return 'query';
}

function finished(translator: Translator, sql: readonly string[], columns: ResultColumns): Translation {
  const { references, lockRows, notices } = translator;
  const parameters = Array.from(translator.parameters, (hint) => ({
    typeName: shownType(hint?.typeName),
    column: hint?.column,
  }));
  return { sql, steps: undefined, columns: hints(columns), parameters, references, lockRows, notices };
}

/** An array is called as SQL calls it. */
function shownType(name: string | undefined): string | undefined {
  return name?.startsWith('_') ? typeNamed(name)?.sqlName : name;
}

/** Behind a `*` of which nothing is known, columns are counted from the end. */
function hints(columns: ResultColumns): ColumnHint[] {
  const star = columns.indexOf(undefined);
  const lastStar = columns.lastIndexOf(undefined);
  return columns.flatMap((column, index) => {
    if (column?.type === undefined || column.declared) return [];
    if (star >= 0 && index > star && index < lastStar) return [];
    const typeName = column.type === 'unknown' ? 'text' : shownType(column.type);
    return [{ index: star >= 0 && index > lastStar ? index - columns.length : index, typeName }];
  });
}
