import type { DatabaseSync } from 'node:sqlite';
import { catalogColumns } from './catalog-columns.ts';
import { registerCatalogFunctions } from './catalog-functions.ts';
import { helperViews } from './helper-views.ts';
import { informationSchemaColumns } from './information-schema-columns.ts';
import { informationSchemaViews } from './information-schema-views.ts';
import { type RelationView, relationViews } from './relation-views.ts';
import { serverViews } from './server-views.ts';
import { typeRows } from './type-rows.ts';

/**
 * Gives a connection `pg_catalog` and `information_schema` as temporary views over SQLite's own schema, which follow
 * every change of it. A view of the latter has the schema in its name: `"information_schema.tables"`.
 * The functions of `registerFunctions` must be there.
 */
export function installCatalog(database: DatabaseSync): void {
  registerCatalogFunctions(database);
  database.exec(catalogSql);
}

const views = { ...serverViews, ...relationViews };

/** All statements, made once for all connections. */
const catalogSql = [
  ...helperViews,
  ownRelations(),
  typeTable(),
  ...Object.entries(catalogColumns)
    .filter(([name]) => name !== 'pg_type')
    .map(([name, columns]) => view(name, columns, views[name])),
  ...Object.entries(informationSchemaColumns).map(([name, columns]) =>
    view(`information_schema.${name}`, columns, informationSchemaViews[name]),
  ),
].join(';\n');

/** A view with all the columns that PostgreSQL's has; without rows where nothing here is like it. */
function view(name: string, columns: string, made: RelationView | undefined): string {
  const list = columns.split(', ').map((column) => {
    const [columnName = '', type = ''] = column.split(' ');
    const expression = made === undefined ? 'NULL' : (made.columns[columnName] ?? usual(type));
    return `${expression} AS "${columnName}"`;
  });
  return `CREATE TEMP VIEW "${name}" AS SELECT ${list.join(', ')}${made === undefined ? ' WHERE false' : ` FROM ${made.from}`}`;
}

/** What a column has of which nothing is said. */
function usual(type: string): string {
  if (/^(?:bool|int[248]|oid|float[48]|xid|regproc)$/.test(type)) return '0';
  return type === 'char' ? "''" : 'NULL';
}

/** The catalog itself, as far as `pg_class` lists it. */
function ownRelations(): string {
  const rows = Object.keys(catalogColumns).map((name, index) => `(${12_000 + index}, '${name}')`);
  return `CREATE TEMP VIEW catalog_own AS SELECT column1 AS oid, column2 AS name FROM (VALUES ${rows.join(', ')})`;
}

function typeTable(): string {
  const rows = typeRows.map((row) => {
    const fields = row.split(' ').map((field) => (/^-?\d+$/.test(field) ? field : `'${field}'`));
    return `(${fields.join(', ')})`;
  });
  const known =
    'oid typname typlen typbyval typtype typcategory typispreferred typelem typarray typcollation'.split(' ');
  const made: Record<string, string> = {
    typnamespace: '11',
    typowner: '10',
    typisdefined: '1',
    typdelim: "','",
    typtypmod: '-1',
    typalign: "'i'",
    typstorage: "'p'",
    typinput: "CASE column6 WHEN 'A' THEN 'array_in' ELSE typname || 'in' END",
    typoutput: "typname || 'out'",
    typreceive: "typname || 'recv'",
  };
  for (const [index, name] of known.entries()) made[name] = `column${index + 1}`;
  const columns = (catalogColumns.pg_type ?? '').split(', ').map((column) => {
    const [name = '', type = ''] = column.split(' ');
    return `${made[name]?.replace('typname', 'column2') ?? usual(type)} AS ${name}`;
  });
  return `CREATE TEMP VIEW pg_type AS SELECT ${columns.join(', ')} FROM (VALUES ${rows.join(', ')})`;
}
