import { splitStatements } from '../parse/statements.ts';
import { TokenReader } from '../parse/token-reader.ts';

/** Where something stands in the text of a definition; `to` is behind it. */
export type Span = { readonly from: number; readonly to: number };

export type ConstraintKind = 'primary key' | 'unique' | 'check' | 'foreign key' | 'not null' | 'default';

/** What a column or a table is declared with, and where that is written, its name included. */
export type DefinedConstraint = Span & {
  readonly kind: ConstraintKind;
  readonly name: string | undefined;
  /** The column that it stands behind; undefined for one of the whole table. */
  readonly of: string | undefined;
  /** Of a key: the columns that it is of. */
  readonly columns: readonly string[];
  /** What it says itself: the condition of CHECK in parentheses, the value of DEFAULT. */
  readonly text: string;
  readonly references?: References;
};

export type References = {
  readonly table: string;
  /** Empty for its primary key. */
  readonly columns: readonly string[];
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly deferrable: boolean;
  readonly deferred: boolean;
};

export type DefinedColumn = Span & {
  readonly name: string;
  /** Its type, empty where it has none. */
  readonly type: Span;
};

/** The text of a CREATE TABLE, read: what it declares, and where each thing stands. */
export type TableDefinition = {
  readonly sql: string;
  readonly table: string;
  /** From the opening parenthesis to behind the closing one. */
  readonly list: Span;
  readonly columns: readonly DefinedColumn[];
  readonly constraints: readonly DefinedConstraint[];
};

/** Reads a CREATE TABLE as SQLite keeps it; undefined for what has no list of columns. @throws SqlError 42601 */
export function readDefinition(sql: string): TableDefinition | undefined {
  const statement = splitStatements(sql)[0];
  return statement === undefined ? undefined : new DefinitionReader(statement).definition();
}

const tableConstraints = new Set(['constraint', 'primary', 'unique', 'check', 'foreign']);
const columnConstraints = new Set(
  'constraint primary unique check not null default collate references generated as'.split(' '),
);

class DefinitionReader extends TokenReader {
  readonly #columns: DefinedColumn[] = [];
  readonly #constraints: DefinedConstraint[] = [];

  definition(): TableDefinition | undefined {
    while (!this.accept('table')) this.next();
    this.accept('if', 'not', 'exists');
    let table = this.name();
    while (this.acceptSymbol('.')) table = this.name();
    const from = this.peek()?.start ?? 0;
    if (!this.acceptSymbol('(')) return undefined;
    do this.#element();
    while (this.acceptSymbol(','));
    const { end: to } = this.expectSymbol(')');
    const { source: sql } = this;
    return { sql, table, list: { from, to }, columns: this.#columns, constraints: this.#constraints };
  }

  get #over(): boolean {
    return this.atEnd || this.is(',') || this.is(')');
  }

  /** Where the token that was taken last ends. */
  get #behind(): number {
    return this.tokens[this.at - 1]?.end ?? 0;
  }

  #element(): void {
    if (tableConstraints.has(this.word() ?? '')) {
      while (!this.#over) this.#constraint(undefined);
      return;
    }
    const { start: from } = this.peek() ?? { start: 0 };
    const name = this.name();
    const before = this.#behind;
    const typeFrom = this.peek()?.start ?? before;
    const first = this.at;
    while (!this.#over && !columnConstraints.has(this.word() ?? '')) this.#skip();
    const type = this.at === first ? { from: before, to: before } : { from: typeFrom, to: this.#behind };
    while (!this.#over) this.#constraint(name);
    this.#columns.push({ name, type, from, to: this.#behind });
  }

  #constraint(of: string | undefined): void {
    const { start: from } = this.peek() ?? { start: 0 };
    const name = this.accept('constraint') ? this.name() : undefined;
    const add = (kind: ConstraintKind, columns: readonly string[], text = '', references?: References) => {
      this.#conflict();
      const to = this.#behind;
      const common = { kind, name, of, columns, text, from, to };
      this.#constraints.push(references === undefined ? common : { ...common, references });
    };
    const own = () => (of === undefined ? this.#names() : [of]);
    if (this.accept('primary', 'key')) {
      const columns = own();
      if (!this.accept('asc')) this.accept('desc');
      this.#conflict();
      this.accept('autoincrement');
      add('primary key', columns);
    } else if (this.accept('unique')) add('unique', own());
    else if (this.accept('check')) add('check', of === undefined ? [] : [of], this.#parenthesized());
    else if (this.accept('foreign', 'key')) {
      const columns = this.#names();
      add('foreign key', columns, '', this.#references());
    } else if (of !== undefined && this.isWord('references'))
      add('foreign key', [of], '', this.#references());
    else if (this.accept('not', 'null')) add('not null', own());
    else if (this.accept('default')) add('default', own(), this.#value());
    else this.#skip();
  }

  #skip(): void {
    if (this.is('(')) this.skipParentheses();
    else this.next();
  }

  /** `ON CONFLICT action`, which is SQLite's. */
  #conflict(): void {
    if (this.accept('on', 'conflict')) this.next();
  }

  #parenthesized(): string {
    const from = this.at;
    this.skipParentheses();
    return this.text(from, this.at);
  }

  /** `5`, `-5`, `'a'`, `CURRENT_TIMESTAMP`, `(expression)`. */
  #value(): string {
    const from = this.at;
    if (!this.acceptSymbol('-')) this.acceptSymbol('+');
    this.#skip();
    return this.text(from, this.at);
  }

  /** `(a, b COLLATE x, c DESC)`: the names alone. */
  #names(): string[] {
    const list: string[] = [];
    this.expectSymbol('(');
    do {
      list.push(this.name());
      while (!this.#over) this.next();
    } while (this.acceptSymbol(','));
    this.expectSymbol(')');
    return list;
  }

  #references(): References {
    this.expect('references');
    const table = this.name();
    const columns = this.is('(') ? this.#names() : [];
    const actions = { delete: 'NO ACTION', update: 'NO ACTION' };
    let deferrable = false;
    let deferred = false;
    for (;;) {
      if (this.accept('on', 'delete')) actions.delete = this.#action();
      else if (this.accept('on', 'update')) actions.update = this.#action();
      else if (this.accept('match')) this.next();
      else if (this.accept('deferrable')) deferrable = true;
      else if (this.accept('initially', 'deferred')) deferred = true;
      else if (!this.accept('not', 'deferrable') && !this.accept('initially', 'immediate')) break;
    }
    const { delete: onDelete, update: onUpdate } = actions;
    return { table, columns, onDelete, onUpdate, deferrable, deferred };
  }

  #action(): string {
    if (this.accept('no', 'action')) return 'NO ACTION';
    const action = this.next().value.toUpperCase();
    return action === 'SET' ? `SET ${this.next().value.toUpperCase()}` : action;
  }
}
