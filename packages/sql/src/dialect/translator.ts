import type { Statement } from '../parse/statements.ts';
import { TokenReader } from '../parse/token-reader.ts';
import type { Token } from '../parse/tokens.ts';
import { SqlError } from '../sql-error.ts';
import { findColumn, type Scope, type ScopeColumn } from './scope.ts';
import type { ConditionalNotice, ParameterHint, Reference, Schema } from './translation.ts';

/**
 * How tightly SQLite binds what an expression is made of, loosest first
 * (https://www.sqlite.org/lang_expr.html#operators_and_parse_affecting_attributes).
 */
export const Level = {
  OR: 1,
  AND: 2,
  NOT: 3,
  EQUALITY: 4,
  RELATION: 5,
  BITS: 6,
  SUM: 7,
  PRODUCT: 8,
  CONCATENATION: 9,
  COLLATE: 10,
  UNARY: 11,
  PRIMARY: 12,
} as const;

/** An expression that has been written: where in the output it stands and what is known of it. */
export type Expression = {
  /** Its first piece of the output; its last one is the last of the output when it is returned. */
  readonly first: number;
  readonly level: number;
  /** `unknown` for a text literal that may become anything; undefined when only the rows have it. */
  readonly type: string | undefined;
  /** The name that PostgreSQL gives to a column of the result made of it; undefined for `?column?`. */
  readonly name: string | undefined;
  /** A name from a type gives way to others. */
  readonly weakName?: boolean;
  /** The literal, if it is nothing else. */
  readonly literal?: Token;
  /** The number of the parameter, if it is nothing else. */
  readonly parameter?: number;
  /** The column, if it is nothing else. */
  readonly column?: { readonly table: string | undefined; readonly column: string };
  /** Whether it depends on a column of the query. */
  readonly columns: boolean;
  /** Constant, and neither NULL nor zero. */
  readonly nonzero?: boolean;
};

export type ResultColumn = {
  readonly name: string;
  readonly type: string | undefined;
  /** Whether SQLite itself knows its declared type. */
  readonly declared?: boolean;
};
/** The columns of a query; undefined in the place of a `*` of which nothing is known. */
export type ResultColumns = readonly (ResultColumn | undefined)[];

/** A query of WITH RECURSIVE: where its columns are to be noted, and the names that it gives them. */
export type RecursiveQuery = {
  readonly named: Scope['named'];
  readonly name: string;
  readonly names: readonly string[] | undefined;
};

/** The rules that refer to each other. */
export type Grammar = {
  expression(translator: Translator, above?: number): Expression;
  /** A whole query with WITH, set operations, ORDER BY, LIMIT. */
  query(translator: Translator): ResultColumns;
};

const MAX_DEPTH = 200;

/** Reads PostgreSQL's tokens and writes SQLite's text, in pieces of which some are changed after the fact. */
export class Translator extends TokenReader {
  readonly schema: Schema | undefined;
  readonly grammar: Grammar;
  readonly references: Reference[] = [];
  readonly parameters: (ParameterHint | undefined)[] = [];
  readonly notices: ConditionalNotice[] = [];
  lockRows = false;
  /** The innermost query that is being read. */
  scope: Scope | undefined;
  /** Whether the expression stands in the list of a SELECT, where a function may return a set. */
  inSelectList = false;
  /** Whether the list is that of RETURNING, where SQLite knows `*` but not `t.*`. */
  inReturning = false;
  /** Whether tables may be named before they are known: in SET, FROM stands behind. */
  mayComeLater = false;
  /** The recursive query of WITH that is about to be read. */
  recursive: RecursiveQuery | undefined;
  #pieces: string[] = [];
  #depth = 0;
  #names = 0;

  constructor(statement: Statement, grammar: Grammar, schema: Schema | undefined) {
    super(statement);
    this.grammar = grammar;
    this.schema = schema;
  }

  /** Writes the next token, as it is or as something else, behind the white space that stood before it. */
  copy(text?: string): Token {
    const token = this.next();
    const written = text ?? this.source.slice(token.start, token.end);
    const previous = this.tokens[this.at - 2];
    if (previous === undefined) this.put(written);
    else this.put(written, gap(this.source, previous.end, token.start));
    return token;
  }

  /** Copies these words, which must come next. */
  copyWords(...words: readonly string[]): void {
    for (const word of words) {
      if (!this.isWord(word)) throw this.unexpected();
      this.copy();
    }
  }

  /** Writes a text that is not of the source. The white space in front of it stays outside of what is wrapped around it. */
  put(text: string, space = ''): void {
    // Tokens that were left out may have stood between two words.
    const glued = space === '' && /^[\w"'?]/.test(text) && /[\w"')]$/.test(this.#pieces.at(-1) ?? '');
    if (glued) this.#pieces.push(' ');
    else if (space !== '') this.#pieces.push(space);
    this.#pieces.push(text);
  }

  /** Where the next piece that is not white space will stand, given the white space that comes before it. */
  get mark(): number {
    return this.#pieces.length;
  }

  /** The first piece from a mark on that is not white space. */
  firstFrom(mark: number): number {
    let first = mark;
    while (first < this.#pieces.length && /^\s*$/.test(this.#pieces[first] as string)) first++;
    return first;
  }

  get last(): number {
    return this.#pieces.length - 1;
  }

  /** Writes around what stands between two pieces, both included. */
  wrap(first: number, before: string, after: string, last = this.last): void {
    this.#pieces[first] = before + this.#pieces[first];
    this.#pieces[last] += after;
  }

  replace(piece: number, text: string): void {
    this.#pieces[piece] = text;
  }

  /** Takes back what was written from a piece on, and returns it. */
  cut(first: number): string {
    return this.#pieces.splice(first).join('');
  }

  /** What was written from a piece on. */
  written(first: number): string {
    return this.#pieces.slice(first).join('');
  }

  get output(): string {
    return this.#pieces.join('');
  }

  expression(above?: number): Expression {
    return this.grammar.expression(this, above);
  }

  query(): ResultColumns {
    return this.grammar.query(this);
  }

  /**
   * Runs a rule one level deeper.
   * @throws SqlError 54001 before the stack of JavaScript, or SQLite's parser, would overflow
   */
  deeper<T>(rule: () => T): T {
    if (++this.#depth > MAX_DEPTH) {
      throw new SqlError('54001', 'stack depth limit exceeded', {
        hint: `Expressions and queries may be nested ${MAX_DEPTH} levels deep.`,
      });
    }
    try {
      return rule();
    } finally {
      this.#depth--;
    }
  }

  /** What is known of the column that an expression is, if it is one. */
  columnOf({ column }: Expression): ScopeColumn | undefined {
    return column && findColumn(this.scope, column.table, column.column)?.column;
  }

  /** Whether an expression is a column that is never NULL. */
  neverNull(expression: Expression): boolean {
    return this.columnOf(expression)?.notNull === true;
  }

  /** A name that is not in use. */
  freshName(): string {
    return `_z${++this.#names}`;
  }

  refer(kind: Reference['kind'], name: string, shown: string, token: Token | undefined): void {
    this.references.push({ kind, name, shown, offset: token?.start ?? 0 });
  }

  hint(number: number, hint: ParameterHint): void {
    const known = this.parameters[number - 1];
    this.parameters[number - 1] = {
      typeName: known?.typeName ?? hint.typeName,
      column: known?.column ?? hint.column,
    };
  }
}

/** Comments become a space. */
function gap(source: string, from: number, to: number): string {
  if (from === to) return '';
  const between = source.slice(from, to);
  return /^\s*$/.test(between) ? between : between.includes('\n') ? '\n' : ' ';
}
