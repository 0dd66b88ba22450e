import { coerceLiteral } from './casts.ts';
import { orderTerm } from './function-calls.ts';
import type { Translator } from './translator.ts';

/** ORDER BY, LIMIT, OFFSET, FETCH FIRST, FOR UPDATE. */
export function queryTail(translator: Translator): void {
  if (translator.isWord('order')) {
    translator.copyWords('order', 'by');
    for (;;) {
      orderTerm(translator);
      if (!translator.is(',')) break;
      translator.copy();
    }
  }
  let limit: string | undefined;
  let offset: string | undefined;
  for (;;) {
    if (translator.isWord('limit')) {
      translator.next();
      if (translator.isWord('all') || translator.isWord('null')) translator.next();
      else limit = count(translator);
    } else if (translator.isWord('offset')) {
      translator.next();
      offset = count(translator);
      if (!translator.accept('row')) translator.accept('rows');
    } else if (translator.isWord('fetch')) limit = fetchFirst(translator);
    else if (translator.isWord('for')) locking(translator);
    else break;
  }
  if (limit === undefined && offset === undefined) return;
  translator.put(`LIMIT ${limit ?? '-1'}${offset === undefined ? '' : ` OFFSET ${offset}`}`, ' ');
}

function count(translator: Translator): string {
  const mark = translator.mark;
  const expression = translator.expression();
  coerceLiteral(translator, expression, { type: 'int8' });
  if (expression.parameter !== undefined) {
    translator.hint(expression.parameter, { typeName: 'int8', column: undefined });
  }
  return translator.cut(mark).trim();
}

/** `FETCH FIRST 5 ROWS ONLY`. */
function fetchFirst(translator: Translator): string {
  translator.next();
  if (!translator.accept('first')) translator.expect('next');
  const rows = translator.isWord('row') || translator.isWord('rows') ? '1' : count(translator);
  if (!translator.accept('row')) translator.expect('rows');
  if (translator.isWord('with')) throw translator.unsupported('FETCH FIRST ... WITH TIES');
  translator.expect('only');
  return rows;
}

/** There is one lock here, that of the writer: a statement that asks for row locks gets it. */
function locking(translator: Translator): void {
  translator.next();
  const token = translator.peek();
  if (translator.accept('no')) translator.expect('key');
  else translator.accept('key');
  if (!translator.accept('update') && !translator.accept('share')) throw translator.unexpected();
  if (token !== undefined) translator.lockRows = true;
  if (translator.accept('of')) {
    do translator.name();
    while (translator.acceptSymbol(','));
  }
  if (!translator.accept('nowait')) translator.accept('skip', 'locked');
}
