import { quotedName } from '../functions/texts.ts';
import {
  type ConstraintKind,
  type DefinedConstraint,
  type References,
  readDefinition,
  type TableDefinition,
} from './table-definition.ts';

/** A constraint as a table was created with it, named as PostgreSQL would name it. */
export type TableConstraint = {
  readonly name: string;
  /** As in pg_constraint: primary key, unique, check, foreign key. */
  readonly kind: 'p' | 'u' | 'c' | 'f';
  readonly columns: readonly string[];
  /** As pg_get_constraintdef has it. */
  readonly definition: string;
  readonly table?: string;
  readonly referenced?: readonly string[];
  readonly onDelete?: string;
  readonly onUpdate?: string;
  readonly deferrable?: boolean;
  readonly deferred?: boolean;
};

const MAX_CACHED = 1000;
const kept = new Map<string, readonly TableConstraint[]>();

/** The constraints in a text of CREATE TABLE, in order; empty for what cannot be read. */
export function tableConstraints(sql: string): readonly TableConstraint[] {
  const known = kept.get(sql);
  if (known !== undefined) return known;
  let found: readonly TableConstraint[] = [];
  try {
    const definition = readDefinition(sql);
    if (definition !== undefined) found = namedConstraints(definition).map(({ constraint }) => constraint);
  } catch {
    // Another program may have created it with syntax that is not known here.
  }
  if (kept.size >= MAX_CACHED) kept.clear();
  kept.set(sql, found);
  return found;
}

/** The constraints of a definition, each as the catalog has it and as it is written. */
export function namedConstraints({ table, constraints }: TableDefinition): NamedConstraint[] {
  const list: NamedConstraint[] = [];
  for (const written of constraints) {
    const kind = kinds[written.kind];
    if (kind === undefined) continue;
    const name = written.name ?? freeName(list, usualName(table, written));
    list.push({ written, constraint: { ...catalogForm(kind, written), name } });
  }
  return list;
}

export type NamedConstraint = { readonly constraint: TableConstraint; readonly written: DefinedConstraint };

const kinds: Partial<Record<ConstraintKind, TableConstraint['kind']>> = {
  'primary key': 'p',
  unique: 'u',
  check: 'c',
  'foreign key': 'f',
};

function freeName(list: readonly NamedConstraint[], name: string): string {
  let free = name;
  for (let count = 1; list.some(({ constraint }) => constraint.name === free); count++)
    free = `${name}${count}`;
  return free;
}

function usualName(table: string, { kind, columns, of }: DefinedConstraint): string {
  if (kind === 'primary key') return `${table}_pkey`;
  if (kind === 'check') return `${table}${of === undefined ? '' : `_${of}`}_check`;
  return `${table}_${columns.join('_')}_${kind === 'unique' ? 'key' : 'fkey'}`;
}

function catalogForm(
  kind: TableConstraint['kind'],
  written: DefinedConstraint,
): Omit<TableConstraint, 'name'> {
  const { columns, text, references } = written;
  if (kind === 'c') return { kind, columns, definition: `CHECK ${text}` };
  if (references === undefined) {
    const keyword = kind === 'p' ? 'PRIMARY KEY' : 'UNIQUE';
    return { kind, columns, definition: `${keyword} (${listed(columns)})` };
  }
  const { table, columns: referenced, ...rules } = references;
  return { kind, columns, definition: foreignKeyText(columns, references), table, referenced, ...rules };
}

function listed(columns: readonly string[]): string {
  return columns.map(quotedName).join(', ');
}

function foreignKeyText(columns: readonly string[], references: References): string {
  const { table, columns: referenced, onUpdate, onDelete, deferrable, deferred } = references;
  const target = `${quotedName(table)}${referenced.length === 0 ? '' : `(${listed(referenced)})`}`;
  const when = (event: string, action: string) => (action === 'NO ACTION' ? '' : ` ON ${event} ${action}`);
  const late = deferrable ? ` DEFERRABLE${deferred ? ' INITIALLY DEFERRED' : ''}` : '';
  return `FOREIGN KEY (${listed(columns)}) REFERENCES ${target}${when('UPDATE', onUpdate)}${when('DELETE', onDelete)}${late}`;
}
