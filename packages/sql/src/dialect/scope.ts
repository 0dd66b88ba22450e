import { typeOfDeclared } from '../types/declared-type.ts';
import { typeEntry } from '../types/pg-type.ts';
import type { ColumnInfo } from './translation.ts';

export type ScopeColumn = {
  readonly type: string | undefined;
  readonly notNull: boolean;
  /** What DEFAULT stands for, in SQLite's syntax, where that is known. */
  readonly defaultText?: string;
  /** Whether SQLite itself knows its declared type. */
  readonly declared?: boolean;
};

/** Something in FROM. */
export type Relation = {
  /** By which its columns are qualified. */
  readonly alias: string;
  /** In order, by name; undefined when nothing is known of them. */
  readonly columns: ReadonlyMap<string, ScopeColumn> | undefined;
  /** Columns that are called otherwise in SQLite: what is to be written for them. */
  readonly written?: ReadonlyMap<string, string>;
};

/** What the names in a query may refer to; inner queries see what outer ones have. */
export type Scope = {
  readonly outer: Scope | undefined;
  readonly relations: Relation[];
  /** The queries of WITH, by name. */
  readonly named: Map<string, ReadonlyMap<string, ScopeColumn> | undefined>;
  /** Functions in the list of SELECT that return sets, as further items of FROM. */
  readonly sets: { readonly sql: string; readonly alias: string }[];
};

export function newScope(outer: Scope | undefined): Scope {
  return { outer, relations: [], named: new Map(), sets: [] };
}

/** A column, looked for from the innermost query outward; undefined when no relation is known to have it. */
export function findColumn(
  scope: Scope | undefined,
  table: string | undefined,
  column: string,
): { readonly relation: Relation; readonly column: ScopeColumn } | undefined {
  for (let at = scope; at !== undefined; at = at.outer) {
    for (const relation of at.relations) {
      if (table !== undefined && relation.alias !== table) continue;
      // SQLite's names of columns are the same in capitals and in small letters.
      const found = relation.columns?.get(column) ?? relation.columns?.get(column.toLowerCase());
      if (found !== undefined) return { relation, column: found };
    }
  }
  return undefined;
}

/** A query of WITH by its name; null when there is none. */
export function findNamed(
  scope: Scope | undefined,
  name: string,
): ReadonlyMap<string, ScopeColumn> | undefined | null {
  for (let at = scope; at !== undefined; at = at.outer) if (at.named.has(name)) return at.named.get(name);
  return null;
}

export function fromDeclared(columns: ReadonlyMap<string, ColumnInfo>): ReadonlyMap<string, ScopeColumn> {
  const typed = new Map<string, ScopeColumn>();
  for (const [name, { declaredType, notNull, defaultText }] of columns) {
    const oid = typeOfDeclared(declaredType)?.oid;
    typed.set(name, {
      type: oid === undefined ? undefined : typeEntry(oid)?.name,
      notNull,
      defaultText: defaultText ?? 'NULL',
      declared: true,
    });
  }
  return typed;
}
