import { splitStatements } from '../dialect/statements.ts';
import { TokenReader } from '../dialect/token-reader.ts';
import { quotedName } from '../functions/texts.ts';

/** A constraint as a table was created with it, named as PostgreSQL would name it. */
export type TableConstraint = {
  readonly name: string;
  /** As in pg_constraint: primary key, unique, check, foreign key. */
  readonly kind: 'p' | 'u' | 'c' | 'f';
  readonly columns: readonly string[];
  /** As pg_get_constraintdef tells it. */
  readonly definition: string;
  readonly table?: string;
  readonly referenced?: readonly string[];
  readonly onDelete?: string;
  readonly onUpdate?: string;
  readonly deferrable?: boolean;
  readonly deferred?: boolean;
};

const KEPT = 1000;
const kept = new Map<string, readonly TableConstraint[]>();

/** The constraints in a text of CREATE TABLE, in order; empty for what cannot be read. */
export function tableConstraints(sql: string): readonly TableConstraint[] {
  const known = kept.get(sql);
  if (known !== undefined) return known;
  let found: readonly TableConstraint[] = [];
  try {
    found = read(sql);
  } catch {
    // Another program may have created it in words that we do not know.
  }
  if (kept.size >= KEPT) kept.clear();
  kept.set(sql, found);
  return found;
}

function read(sql: string): TableConstraint[] {
  const statement = splitStatements(sql)[0];
  if (statement === undefined) return [];
  const reader = new TokenReader(statement);
  while (!reader.accept('table')) reader.next();
  reader.accept('if', 'not', 'exists');
  let table = reader.name();
  while (reader.acceptSymbol('.')) table = reader.name();
  if (!reader.acceptSymbol('(')) return [];
  const list: TableConstraint[] = [];
  const add = (constraint: TableConstraint, given: string | undefined) => {
    list.push({ ...constraint, name: given ?? freeName(list, constraint.name) });
  };
  do element(reader, table, add);
  while (reader.acceptSymbol(','));
  return list;
}

function freeName(list: readonly TableConstraint[], name: string): string {
  let free = name;
  for (let count = 1; list.some((each) => each.name === free); count++) free = `${name}${count}`;
  return free;
}

type Add = (constraint: TableConstraint, given: string | undefined) => void;

function element(reader: TokenReader, table: string, add: Add): void {
  const starts = ['constraint', 'primary', 'unique', 'check', 'foreign'];
  const column = starts.includes(reader.word() ?? '') ? undefined : reader.name();
  let given: string | undefined;
  while (!reader.is(',') && !reader.is(')') && !reader.atEnd) {
    if (reader.accept('constraint')) given = reader.name();
    else if (reader.accept('primary', 'key')) {
      const columns = column === undefined ? names(reader) : [column];
      add(
        { kind: 'p', name: `${table}_pkey`, columns, definition: `PRIMARY KEY (${listed(columns)})` },
        given,
      );
      given = undefined;
    } else if (reader.accept('unique')) {
      const columns = column === undefined ? names(reader) : [column];
      const name = `${table}_${columns.join('_')}_key`;
      add({ kind: 'u', name, columns, definition: `UNIQUE (${listed(columns)})` }, given);
      given = undefined;
    } else if (reader.accept('check')) {
      const from = reader.at;
      reader.skipParentheses();
      const definition = `CHECK ${reader.text(from, reader.at)}`;
      const middle = column === undefined ? '' : `_${column}`;
      add(
        {
          kind: 'c',
          name: `${table}${middle}_check`,
          columns: column === undefined ? [] : [column],
          definition,
        },
        given,
      );
      given = undefined;
    } else if (reader.accept('foreign', 'key')) {
      const columns = names(reader);
      add(foreignKey(reader, table, columns), given);
      given = undefined;
    } else if (column !== undefined && reader.isWord('references')) {
      add(foreignKey(reader, table, [column]), given);
      given = undefined;
    } else if (reader.is('(')) reader.skipParentheses();
    else reader.next();
  }
}

function names(reader: TokenReader): string[] {
  const list: string[] = [];
  reader.expectSymbol('(');
  do {
    list.push(reader.name());
    while (!reader.is(',') && !reader.is(')')) reader.next();
  } while (reader.acceptSymbol(','));
  reader.expectSymbol(')');
  return list;
}

function listed(columns: readonly string[]): string {
  return columns.map(quotedName).join(', ');
}

function foreignKey(reader: TokenReader, of: string, columns: readonly string[]): TableConstraint {
  reader.expect('references');
  const table = reader.name();
  const referenced = reader.is('(') ? names(reader) : [];
  const actions: Record<string, string> = {};
  let deferrable = false;
  let deferred = false;
  for (;;) {
    if (reader.accept('on')) {
      const event = reader.next().value;
      const action = reader.accept('no', 'action') ? 'NO ACTION' : reader.next().value.toUpperCase();
      actions[event] = action === 'SET' ? `SET ${reader.next().value.toUpperCase()}` : action;
    } else if (reader.accept('match')) reader.next();
    else if (reader.accept('deferrable')) deferrable = true;
    else if (reader.accept('initially', 'deferred')) deferred = true;
    else if (!reader.accept('not', 'deferrable') && !reader.accept('initially', 'immediate')) break;
  }
  const { update: onUpdate = 'NO ACTION', delete: onDelete = 'NO ACTION' } = actions;
  const target = `${quotedName(table)}${referenced.length === 0 ? '' : `(${listed(referenced)})`}`;
  const when = (event: string, action: string) => (action === 'NO ACTION' ? '' : ` ON ${event} ${action}`);
  const late = deferrable ? ` DEFERRABLE${deferred ? ' INITIALLY DEFERRED' : ''}` : '';
  return {
    kind: 'f',
    name: `${of}_${columns.join('_')}_fkey`,
    columns,
    table,
    referenced,
    onDelete,
    onUpdate,
    deferrable,
    deferred,
    definition: `FOREIGN KEY (${listed(columns)}) REFERENCES ${target}${when('UPDATE', onUpdate)}${when('DELETE', onDelete)}${late}`,
  };
}
