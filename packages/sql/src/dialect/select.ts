import type { Token } from '../parse/tokens.ts';
import { coerceLiteral } from './casts.ts';
import { fromClause } from './from-clause.ts';
import { windowDefinition } from './function-calls.ts';
import { quoteName } from './keywords.ts';
import { newScope } from './scope.ts';
import { selectList } from './select-list.ts';
import type { ResultColumns, Translator } from './translator.ts';

/** `SELECT list FROM … WHERE … GROUP BY … HAVING … WINDOW …`, without what may stand behind a set operation. */
export function select(translator: Translator): ResultColumns {
  translator.copy();
  if (translator.isWord('all')) translator.copy('');
  else if (translator.isWord('distinct')) {
    if (translator.isWord('on', 1)) throw translator.unsupported('SELECT DISTINCT ON');
    translator.copy();
  }
  const outer = translator.scope;
  const scope = newScope(outer);
  translator.scope = scope;
  // What FROM has decides how the list is written, so it is read first.
  const list = translator.at;
  const from = clauseAfter(translator, list);
  let written = '';
  if (translator.tokens[from]?.value === 'from') {
    translator.at = from;
    const mark = translator.mark;
    fromClause(translator);
    written = translator.cut(mark);
  }
  const behind = translator.at;
  translator.at = list;
  const columns = selectList(translator, from);
  if (translator.at !== from) throw translator.unexpected();
  if (written !== '') {
    translator.put(written);
    translator.at = behind;
  }
  // Several sets go on in step; what the first has no more of is left out.
  for (const [index, { sql, alias }] of scope.sets.entries()) {
    const item = `${sql} AS ${alias}`;
    if (index > 0) translator.put(` LEFT JOIN ${item} ON ${alias}.key = ${scope.sets[0]?.alias}.key`);
    else translator.put(`${written === '' ? ' FROM ' : ', '}${item}`);
  }
  rest(translator);
  // ORDER BY of this query may use what FROM has.
  outer?.relations.push(...scope.relations);
  translator.scope = outer;
  return columns;
}

const ends = new Set([
  'from',
  'where',
  'group',
  'having',
  'window',
  'union',
  'intersect',
  'except',
  'order',
  'limit',
  'offset',
  'fetch',
  'for',
  'into',
  'on',
  'returning',
]);

/** Where the list of a SELECT ends: the index of the word behind it. */
function clauseAfter(translator: Translator, from: number): number {
  const { tokens } = translator;
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind === 'punctuation') {
      if (token.value === '(' || token.value === '[') depth++;
      else if (token.value === ')' || token.value === ']') {
        if (depth === 0) return at;
        depth--;
      }
    } else if (depth === 0 && token?.kind === 'word' && (ends.has(token.value) || isTail(tokens, at))) {
      // `IS DISTINCT FROM` is part of an expression; a word behind AS or a dot is a name.
      const before = tokens[at - 1];
      const isName =
        before?.value === '.' ||
        (before?.kind === 'word' && (before.value === 'as' || before.value === 'within'));
      const distinct =
        token.value === 'from' && before?.value === 'distinct' && before.kind === 'word' && at - 1 > from;
      if (!isName && !distinct) return at;
    }
  }
  return tokens.length;
}

/** `WITH [NO] DATA` and `WITH CHECK OPTION`, unlike `timestamp with time zone`. */
function isTail(tokens: readonly Token[], at: number): boolean {
  return tokens[at]?.value === 'with' && ['no', 'data', 'check'].includes(tokens[at + 1]?.value ?? '');
}

/** WHERE, GROUP BY, HAVING, WINDOW. */
function rest(translator: Translator): void {
  if (translator.isWord('into'))
    throw translator.unsupported('SELECT INTO', undefined, 'Use CREATE TABLE … AS.');
  if (translator.isWord('where')) {
    translator.copy();
    coerceLiteral(translator, translator.expression(), { type: 'bool' });
  }
  if (translator.isWord('group')) {
    translator.copyWords('group', 'by');
    if (translator.isWord('all') || translator.isWord('distinct')) translator.next();
    for (;;) {
      if (['rollup', 'cube', 'grouping'].includes(translator.word() ?? '') && !translator.is(',', 1)) {
        throw translator.unsupported(
          translator.isWord('grouping') ? 'GROUPING SETS' : `GROUP BY ${translator.word()?.toUpperCase()}`,
        );
      }
      translator.expression();
      if (!translator.is(',')) break;
      translator.copy();
    }
  }
  if (translator.isWord('having')) {
    translator.copy();
    translator.expression();
  }
  if (translator.isWord('window')) {
    do {
      translator.copy();
      const name = translator.name();
      translator.at--;
      translator.copy(quoteName(name));
      translator.copyWords('as');
      windowDefinition(translator);
    } while (translator.is(','));
  }
}
