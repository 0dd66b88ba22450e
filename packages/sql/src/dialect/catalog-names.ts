import { catalogColumns } from '../catalog/catalog-columns.ts';
import { informationSchemaColumns } from '../catalog/information-schema-columns.ts';
import { own } from '../own-value.ts';
import type { ScopeColumn } from './scope.ts';

/** A relation of `pg_catalog` or `information_schema`, which is a temporary view here. */
export type CatalogRelation = {
  /** Its name in SQLite, with the schema. */
  readonly written: string;
  readonly columns: ReadonlyMap<string, ScopeColumn>;
};

/** One value of the catalog, as a query whose names hide none of those outside. */
export function catalogValue(relation: string, value: string, key: string, sought: string): string {
  return `(SELECT _value FROM (SELECT ${key} AS _key, ${value} AS _value FROM temp.${relation}) WHERE _key = ${sought})`;
}

const relations = new Map<string, CatalogRelation>();

/** A relation of the catalog by its name; without a schema in front only those of `pg_catalog` are meant. */
export function catalogRelation(schema: string | undefined, name: string): CatalogRelation | undefined {
  if (schema === 'information_schema') {
    return relation(`temp."information_schema.${name}"`, own(informationSchemaColumns, name));
  }
  if (schema !== undefined && schema !== 'pg_catalog') return undefined;
  return name.startsWith('pg_') ? relation(`temp.${name}`, own(catalogColumns, name)) : undefined;
}

function relation(written: string, columns: string | undefined): CatalogRelation | undefined {
  const known = relations.get(written);
  if (known !== undefined || columns === undefined) return known;
  const typed = columns.split(', ').map((column) => {
    const [name = '', type] = column.split(' ');
    return [name, { type, notNull: false }] as const;
  });
  const made = { written, columns: new Map(typed) };
  relations.set(written, made);
  return made;
}
