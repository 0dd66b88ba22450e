import type { Token } from '../parse/tokens.ts';
import { coerceLiteral } from './casts.ts';
import { likeOperators } from './operators.ts';
import { type Expression, Level, type Translator } from './translator.ts';

/** `x = ANY (…)`, `x <> ALL (…)`, with a query, a list of ARRAY[…], or an array. The operator has been written. */
export function quantified(
  translator: Translator,
  left: Expression,
  operator: string,
  token: Token | undefined,
): Expression {
  const all = translator.next().value === 'all';
  const written = translator.cut(left.first);
  const compared = written.slice(0, written.length - lengthOfOperator(written, operator));
  translator.expectSymbol('(');
  const negated = operator === '<>' && all;
  const isIn = negated || (operator === '=' && !all);
  const query = translator.isWord('select') || translator.isWord('with') || translator.isWord('values');
  const made = { first: left.first, level: Level.PRIMARY, type: 'bool', name: undefined, columns: true };
  if (query && !isIn) throw translator.unsupported(`${operator} ${all ? 'ALL' : 'ANY'} (subquery)`, token);
  if (query || (isIn && translator.isWord('array') && translator.is('[', 1))) {
    translator.put(`(${compared} ${negated ? 'NOT IN' : 'IN'} (`);
    if (query) translator.query();
    else listOfArray(translator, left);
    translator.put('))');
    translator.expectSymbol(')');
    return made;
  }
  const alias = translator.freshName();
  if (isIn)
    translator.put(`(${compared} ${negated ? 'NOT IN' : 'IN'} (SELECT value FROM json_each(array_json(`);
  else translator.put(`(${all ? 'NOT ' : ''}EXISTS (SELECT 1 FROM json_each(array_json(`);
  const array = translator.expression();
  if (array.parameter !== undefined && left.type !== undefined) {
    translator.hint(array.parameter, { typeName: `_${left.type}`, column: undefined });
  }
  translator.expectSymbol(')');
  if (isIn) translator.put('))))');
  else {
    const test = `${compared} ${anyOperators[operator] ?? operator} ${alias}.value`;
    translator.put(`)) AS ${alias} WHERE ${all ? `NOT (${test})` : test}))`);
  }
  return made;
}

const anyOperators: Record<string, string> = {
  ...likeOperators,
  like: 'LIKE',
  ilike: 'MATCH',
  '~': 'REGEXP',
  '!~': 'NOT REGEXP',
};

/** What was written for the operator, with the white space around it. */
function lengthOfOperator(written: string, operator: string): number {
  const tail = /\s*(?:NOT\s+)?(?:LIKE|MATCH|REGEXP|[-+*/<>=~!@#%^&|`?]+)\s*$/i.exec(written);
  return tail?.[0].length ?? operator.length;
}

/** The elements of `ARRAY[…]`, as a list. */
function listOfArray(translator: Translator, left: Expression): void {
  translator.at++;
  translator.expectSymbol('[');
  while (!translator.acceptSymbol(']')) {
    coerceLiteral(translator, translator.expression(), left);
    if (translator.is(',')) translator.copy();
    else if (!translator.is(']')) throw translator.unexpected();
  }
  // The cast of the whole array to another type of array.
  if (translator.is('::')) {
    translator.at++;
    while (!translator.is(')')) translator.next();
  }
}
