import type { ScopeColumn } from './scope.ts';

/** A relation of `pg_catalog` or `information_schema`, which is a temporary view here. */
export type CatalogRelation = {
  /** Its name in SQLite, with the schema. */
  readonly written: string;
  readonly columns: ReadonlyMap<string, ScopeColumn>;
};

export function catalogRelation(_schema: string | undefined, _name: string): CatalogRelation | undefined {
  return undefined;
}
