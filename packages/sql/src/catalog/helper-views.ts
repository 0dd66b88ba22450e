/** What the index of a key that was added later has in its text, by which the catalog knows it. */
export const keyMarks = { primaryKey: '/* PRIMARY KEY */', unique: '/* UNIQUE */' } as const;

/** Numbers below are PostgreSQL's own; those of relations are made of their place in the schema. */
export const FIRST_OID = 16_384;

/** The oid of the relation in a row of `sqlite_schema`. */
export function relationOid(row: number): number {
  return FIRST_OID + 2 * row;
}

/**
 * Views that the catalog's are made of. A relation of row r in `sqlite_schema` has the oid 16384 + 2r; the index that a
 * rowid is, which SQLite does not list, that of its table and 1.
 */
export const helperViews: readonly string[] = [
  `CREATE TEMP VIEW catalog_relation AS
   SELECT ${FIRST_OID} + 2 * rowid AS oid, type, name, tbl_name, sql FROM main.sqlite_schema
   WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'`,

  `CREATE TEMP VIEW catalog_constraint AS
   SELECT t.oid AS conrelid, t.name AS tbl_name, c.key AS place,
          c.value ->> 'name' AS name, c.value ->> 'kind' AS kind, c.value -> 'columns' AS columns,
          c.value ->> 'definition' AS definition, c.value ->> 'table' AS target, c.value -> 'referenced' AS referenced,
          c.value ->> 'onDelete' AS on_delete, c.value ->> 'onUpdate' AS on_update,
          c.value ->> 'deferrable' AS is_deferrable, c.value ->> 'deferred' AS is_deferred
   FROM catalog_relation t, json_each(catalog_constraints(t.sql)) c WHERE t.type = 'table'`,

  `CREATE TEMP VIEW catalog_listed_index AS
   SELECT ${FIRST_OID} + 2 * i.rowid AS oid, t.oid AS indrelid, t.name AS tbl_name, l.name AS listed, l."unique" AS is_unique,
          l.origin, i.sql,
          (SELECT json_group_array(x.name ORDER BY x.seqno) FROM pragma_index_xinfo(l.name) x WHERE x.key = 1) AS columns,
          (SELECT group_concat(CASE WHEN x.cid < 0 THEN 0 ELSE x.cid + 1 END, ' ' ORDER BY x.seqno)
           FROM pragma_index_xinfo(l.name) x WHERE x.key = 1) AS indkey,
          (SELECT group_concat(x."desc" * 3, ' ' ORDER BY x.seqno) FROM pragma_index_xinfo(l.name) x WHERE x.key = 1) AS indoption,
          (SELECT json_group_array(CASE WHEN x.name IS NULL THEN '(expression)' ELSE catalog_name(x.name) END
                    || CASE WHEN x."desc" THEN ' DESC' ELSE '' END ORDER BY x.seqno)
           FROM pragma_index_xinfo(l.name) x WHERE x.key = 1) AS written
   FROM catalog_relation t, pragma_index_list(t.name) l
   JOIN main.sqlite_schema i ON i.type = 'index' AND i.name = l.name
   WHERE t.type = 'table'`,

  `CREATE TEMP VIEW catalog_index AS
   SELECT l.oid, l.indrelid, l.tbl_name,
          CASE WHEN l.origin = 'c' THEN l.listed ELSE coalesce(
            (SELECT c.name FROM catalog_constraint c WHERE c.conrelid = l.indrelid AND c.columns = l.columns
               AND c.kind = CASE l.origin WHEN 'pk' THEN 'p' ELSE 'u' END LIMIT 1), l.listed) END AS name,
          l.is_unique,
          CASE WHEN l.origin = 'pk' OR (l.is_unique AND (l.listed = l.tbl_name || '_pkey' OR l.sql LIKE '%${keyMarks.primaryKey}%')) THEN 'p'
               WHEN l.origin = 'u' OR (l.is_unique AND l.origin = 'c' AND (l.listed LIKE '%!_key' ESCAPE '!' OR l.sql LIKE '%${keyMarks.unique}%')) THEN 'u' END AS contype,
          l.columns, l.indkey, l.indoption, l.written, catalog_where(l.sql) AS condition, l.sql
   FROM catalog_listed_index l
   UNION ALL
   SELECT t.oid + 1, t.oid, t.name,
          coalesce((SELECT c.name FROM catalog_constraint c WHERE c.conrelid = t.oid AND c.kind = 'p'), t.name || '_pkey'),
          1, 'p', json_array(x.name), x.cid + 1, '0', json_array(catalog_name(x.name)), NULL, NULL
   FROM catalog_relation t, pragma_table_info(t.name) x
   WHERE t.type = 'table' AND x.pk = 1
     AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) l WHERE l.origin = 'pk')`,

  `CREATE TEMP VIEW catalog_column AS
   SELECT t.oid AS attrelid, t.name AS tbl_name, t.type AS kind, x.cid + 1 AS attnum, x.name,
          catalog_type(x.type) AS type, catalog_typmod(x.type) AS typmod,
          x."notnull" OR x.pk > 0 AS is_not_null, x.dflt_value, x.hidden,
          x.pk = 1 AND upper(x.type) = 'INTEGER'
            AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) l WHERE l.origin = 'pk') AS counts
   FROM catalog_relation t, pragma_table_xinfo(t.name) x WHERE x.hidden <> 1`,
];
