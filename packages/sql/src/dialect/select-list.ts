import { shownByName } from './casts.ts';
import { writtenName } from './column-references.ts';
import { labelsAfterAs, quoteName } from './keywords.ts';
import {
  type Expression,
  Level,
  type ResultColumn,
  type ResultColumns,
  type Translator,
} from './translator.ts';

/**
 * The list of a SELECT or of RETURNING, up to the token at `end`. What has no name gets the one that PostgreSQL would
 * give it, since SQLite would call it by its text.
 */
export function selectList(translator: Translator, end: number): ResultColumns {
  const columns: (ResultColumn | undefined)[] = [];
  if (translator.at === end) {
    // An empty list is asked for under EXISTS.
    translator.put('1', ' ');
    return [{ name: '?column?', type: 'int4' }];
  }
  for (;;) {
    columns.push(...item(translator, end));
    if (!translator.is(',')) return columns;
    translator.copy();
  }
}

function item(translator: Translator, end: number): ResultColumns {
  if (translator.is('*')) return star(translator, undefined);
  let ahead = 1;
  while (translator.is('.', ahead) && !translator.is('*', ahead + 1)) ahead += 2;
  const isName = translator.peek()?.kind === 'word' || translator.peek()?.kind === 'identifier';
  if (isName && translator.is('.', ahead) && translator.is('*', ahead + 1)) {
    const table = translator.peek(ahead - 1)?.value;
    translator.at += ahead + 1;
    return star(translator, table);
  }
  translator.inSelectList = true;
  const expression = translator.expression();
  translator.inSelectList = false;
  // SQLite writes JSON without spaces, jsonb has them.
  if (expression.type === 'jsonb' && expression.level < Level.PRIMARY)
    translator.wrap(expression.first, 'to_jsonb(', ')');
  const outermost = translator.scope?.outer?.outer === undefined;
  return [named(translator, outermost ? shownByName(translator, expression) : expression, end)];
}

function named(translator: Translator, expression: Expression, end: number): ResultColumn {
  const declared = translator.columnOf(expression)?.declared === true;
  const known = { type: expression.type, declared };
  const token = translator.peek();
  if (translator.isWord('as')) {
    translator.copy();
    const name = translator.name();
    translator.at--;
    translator.copy(writtenName(translator.peek() as NonNullable<typeof token>));
    return { name, ...known };
  }
  const label = token?.kind === 'identifier' || (token?.kind === 'word' && !labelsAfterAs.has(token.value));
  if (label && translator.at < end) {
    translator.copy(`AS ${writtenName(token)}`);
    return { name: token.value, ...known };
  }
  const name = expression.name ?? '?column?';
  if (expression.column === undefined) translator.put(`AS ${quoteName(name)}`, ' ');
  return { name, ...known };
}

/** `*` and `t.*`: written out where some columns are called otherwise in SQLite. */
function star(translator: Translator, table: string | undefined): ResultColumns {
  const all = translator.scope?.relations ?? [];
  const relations = table === undefined ? all : all.filter(({ alias }) => alias === table);
  const known = relations.length > 0 && relations.every(({ columns }) => columns !== undefined);
  if (relations.some(({ written }) => written !== undefined)) {
    translator.next();
    const list = relations.flatMap(({ alias, columns, written }) => {
      if (written === undefined) return [`${quoteName(alias)}.*`];
      return [...(columns?.keys() ?? [])].map((name) => `${written.get(name) ?? name} AS ${quoteName(name)}`);
    });
    translator.put(list.join(', '), ' ');
  } else {
    const star = translator.at;
    if (table !== undefined && !translator.inReturning) {
      translator.at = star - 2;
      translator.copy(quotedAlias(translator));
      translator.at = star;
      translator.put('.');
      translator.next();
      translator.put('*');
    } else if (table === undefined) translator.copy();
    else {
      translator.next();
      translator.put('*', ' ');
    }
  }
  if (!known) return [undefined];
  return relations.flatMap(({ columns }) =>
    [...(columns ?? [])].map(([name, { type, declared }]) => ({ name, type, declared: declared === true })),
  );
}

function quotedAlias(translator: Translator): string {
  const token = translator.peek();
  return token === undefined ? '' : writtenName(token);
}
