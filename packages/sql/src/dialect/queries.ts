import { fromClause } from './from-clause.ts';
import { queryTail } from './query-tail.ts';
import { newScope } from './scope.ts';
import { select } from './select.ts';
import type { ResultColumns, Translator } from './translator.ts';
import { commonType } from './type-names.ts';
import { columnsOf, withClause } from './with-clause.ts';

/** A whole query: WITH, SELECT and set operations, ORDER BY, LIMIT, FOR UPDATE. */
export function query(translator: Translator): ResultColumns {
  return translator.deeper(() => {
    const outer = translator.scope;
    const inList = translator.inSelectList;
    translator.inSelectList = false;
    translator.scope = newScope(outer);
    try {
      if (translator.isWord('with')) withClause(translator);
      return setOperations(translator);
    } finally {
      translator.scope = outer;
      translator.inSelectList = inList;
    }
  });
}

/** UNION and EXCEPT from left to right; INTERSECT binds tighter, which has to be written out for SQLite. */
function setOperations(translator: Translator): ResultColumns {
  const { recursive } = translator;
  translator.recursive = undefined;
  let result = intersections(translator).columns;
  // What comes after UNION in a recursive query sees the columns of what stands before it.
  recursive?.named.set(recursive.name, columnsOf(result, recursive.names));
  while (translator.isWord('union') || translator.isWord('except')) {
    const except = translator.isWord('except');
    translator.copy();
    all(translator, except);
    const right = translator.mark;
    const { columns, compound } = intersections(translator);
    if (compound) translator.wrap(translator.firstFrom(right), 'SELECT * FROM (', ')');
    result = unified(result, columns);
  }
  queryTail(translator);
  return result;
}

type Part = { readonly columns: ResultColumns; readonly compound: boolean };

function intersections(translator: Translator): Part {
  let result = member(translator);
  let compound = false;
  while (translator.isWord('intersect')) {
    translator.copy();
    all(translator, true);
    result = unified(result, member(translator));
    compound = true;
  }
  return { columns: result, compound };
}

function all(translator: Translator, refused: boolean): void {
  if (translator.accept('distinct')) return;
  if (!translator.isWord('all')) return;
  if (refused)
    throw translator.unsupported(`${translator.peek(-1)?.value.toUpperCase()} ALL`, translator.peek(-1));
  translator.copy();
}

/** The names are those of the first query, the types those of all. */
function unified(left: ResultColumns, right: ResultColumns): ResultColumns {
  if (left.length !== right.length) return left;
  return left.map((column, index) => {
    const other = right[index];
    if (column === undefined || other === undefined) return column;
    return { name: column.name, type: commonType([column.type, other.type]) };
  });
}

/** SELECT, VALUES, TABLE, or a query in parentheses, which SQLite does not take as a member. */
function member(translator: Translator): ResultColumns {
  if (translator.is('(')) {
    translator.copy('SELECT * FROM (');
    const columns = query(translator);
    if (!translator.is(')')) throw translator.unexpected();
    translator.copy();
    return columns;
  }
  if (translator.isWord('values')) return values(translator);
  if (translator.isWord('table')) {
    translator.copy('SELECT * FROM');
    fromClause(translator);
    return [undefined];
  }
  if (!translator.isWord('select')) throw translator.unexpected();
  return select(translator);
}

/** `VALUES (…), (…)`: the columns are called column1, column2 and so on. */
export function values(translator: Translator, targets: readonly (string | undefined)[] = []): ResultColumns {
  const mark = translator.mark;
  translator.copy();
  const types: (string | undefined)[][] = [];
  for (;;) {
    if (!translator.is('(')) throw translator.unexpected();
    translator.copy();
    for (let index = 0; ; index++) {
      const value = translator.expression();
      const column = types[index] ?? [];
      column.push(value.type);
      types[index] = column;
      if (!translator.is(',')) break;
      translator.copy();
    }
    if (!translator.is(')')) throw translator.unexpected();
    translator.copy();
    if (!translator.is(',')) break;
    translator.copy();
  }
  const ordered = ['order', 'limit', 'offset', 'fetch'].includes(translator.word() ?? '');
  if (ordered && targets.length === 0) translator.wrap(translator.firstFrom(mark), 'SELECT * FROM (', ')');
  return types.map((of, index) => ({ name: `column${index + 1}`, type: commonType(of) }));
}
