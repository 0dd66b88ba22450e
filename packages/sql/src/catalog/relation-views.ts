/** What a view of the catalog has, by column; all other columns are what is usual for their type. */
export type RelationView = { readonly from: string; readonly columns: Readonly<Record<string, string>> };

const owner = '10';

/** The relations that say what the database has. */
export const relationViews: Readonly<Record<string, RelationView>> = {
  pg_class: {
    from: `(
      SELECT oid, name, 2200 AS namespace, CASE type WHEN 'view' THEN 'v' ELSE 'r' END AS kind, 0 AS am,
             (SELECT count(*) FROM pragma_table_xinfo(r.name)) AS natts,
             type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(r.name) WHERE pk > 0
               UNION ALL SELECT 1 FROM pragma_index_list(r.name)) AS has_index,
             (SELECT count(*) FROM json_each(catalog_constraints(r.sql)) WHERE value ->> 'kind' = 'c') AS checks,
             EXISTS (SELECT 1 FROM main.sqlite_schema g WHERE g.type = 'trigger' AND g.tbl_name = r.name)
               -- PostgreSQL keeps foreign keys with triggers, and psql looks for them only where there are some.
               OR EXISTS (SELECT 1 FROM catalog_constraint f WHERE f.kind = 'f' AND (f.conrelid = r.oid OR f.target = r.name COLLATE NOCASE))
               AS has_triggers
      FROM catalog_relation r
      UNION ALL
      SELECT oid, name, 2200, 'i', 403, json_array_length(columns), 0, 0, 0 FROM catalog_index
      UNION ALL
      SELECT oid, name, 11, 'v', 0, 0, 0, 0, 0 FROM catalog_own)`,
    columns: {
      oid: 'oid',
      relname: 'name',
      relnamespace: 'namespace',
      relowner: owner,
      relam: "CASE kind WHEN 'r' THEN 2 ELSE am END",
      relfilenode: 'oid',
      reltuples: '-1',
      relhasindex: 'has_index',
      relpersistence: "'p'",
      relkind: 'kind',
      relnatts: 'natts',
      relchecks: 'checks',
      relhastriggers: 'has_triggers',
      relispopulated: '1',
      relreplident: "CASE kind WHEN 'r' THEN 'd' ELSE 'n' END",
    },
  },
  pg_attribute: {
    from: `(
      SELECT attrelid, name, attnum, type, typmod, is_not_null, dflt_value, hidden, counts FROM catalog_column
      UNION ALL
      SELECT i.oid, coalesce(c.value, 'expr'), c.key + 1, coalesce(x.type, 25), coalesce(x.typmod, -1), 0, NULL, 0, 0
      FROM catalog_index i, json_each(i.columns) c
      LEFT JOIN catalog_column x ON x.attrelid = i.indrelid AND x.name = c.value)`,
    columns: {
      attrelid: 'attrelid',
      attname: 'name',
      atttypid: 'type',
      attlen: '(SELECT typlen FROM pg_type WHERE oid = type)',
      attnum: 'attnum',
      attcacheoff: '-1',
      atttypmod: 'typmod',
      attstorage: "'p'",
      attnotnull: 'is_not_null',
      atthasdef: 'dflt_value IS NOT NULL OR hidden > 1',
      attidentity: "CASE WHEN counts THEN 'd' ELSE '' END",
      attgenerated: "CASE WHEN hidden > 1 THEN 's' ELSE '' END",
      attislocal: '1',
      attcollation: '(SELECT typcollation FROM pg_type WHERE oid = type)',
    },
  },
  pg_attrdef: {
    from: 'catalog_column WHERE dflt_value IS NOT NULL',
    columns: {
      oid: 'attrelid * 1000 + attnum',
      adrelid: 'attrelid',
      adnum: 'attnum',
      adbin: 'dflt_value',
    },
  },
  pg_index: {
    from: 'catalog_index',
    columns: {
      indexrelid: 'oid',
      indrelid: 'indrelid',
      indnatts: 'json_array_length(columns)',
      indnkeyatts: 'json_array_length(columns)',
      indisunique: 'is_unique',
      indisprimary: "contype IS 'p'",
      indimmediate: '1',
      indisvalid: '1',
      indisready: '1',
      indislive: '1',
      indkey: 'CAST(indkey AS TEXT)',
      indcollation: "'0'",
      indclass: "'0'",
      indoption: 'CAST(indoption AS TEXT)',
      indexprs: "CASE WHEN instr(' ' || indkey || ' ', ' 0 ') THEN 'expression' END",
      indpred: 'substr(condition, 8)',
    },
  },
  pg_constraint: {
    from: `(
      SELECT i.oid, i.name, i.contype, i.indrelid AS conrelid, i.oid AS conindid, 0 AS confrelid, 0 AS is_deferrable, 0 AS is_deferred,
             '{' || replace(i.indkey, ' ', ',') || '}' AS conkey, NULL AS confkey, ' ' AS updtype, ' ' AS deltype,
             CASE i.contype WHEN 'p' THEN 'PRIMARY KEY (' ELSE 'UNIQUE (' END
               || (SELECT group_concat(value, ', ') FROM json_each(i.written)) || ')' AS definition
      FROM catalog_index i WHERE i.contype IS NOT NULL
      UNION ALL
      SELECT c.conrelid * 1000 + c.place, c.name, c.kind, c.conrelid,
             coalesce((SELECT i.oid FROM catalog_index i WHERE i.tbl_name = c.target COLLATE NOCASE AND i.is_unique
               AND (i.columns = c.referenced OR (c.referenced = '[]' AND i.contype = 'p')) LIMIT 1), 0),
             coalesce((SELECT t.oid FROM catalog_relation t WHERE t.name = c.target COLLATE NOCASE), 0), c.is_deferrable, c.is_deferred,
             (SELECT '{' || group_concat(x.attnum) || '}' FROM json_each(c.columns) k
                JOIN catalog_column x ON x.attrelid = c.conrelid AND x.name = k.value COLLATE NOCASE),
             (SELECT '{' || group_concat(x.attnum) || '}'
                FROM json_each(CASE WHEN c.referenced <> '[]' THEN c.referenced
                  ELSE (SELECT p.columns FROM catalog_index p WHERE p.tbl_name = c.target COLLATE NOCASE AND p.contype = 'p') END) k
                JOIN catalog_column x ON x.tbl_name = c.target COLLATE NOCASE AND x.name = k.value COLLATE NOCASE),
             CASE c.on_update WHEN 'CASCADE' THEN 'c' WHEN 'RESTRICT' THEN 'r' WHEN 'SET NULL' THEN 'n' WHEN 'SET DEFAULT' THEN 'd' ELSE 'a' END,
             CASE c.on_delete WHEN 'CASCADE' THEN 'c' WHEN 'RESTRICT' THEN 'r' WHEN 'SET NULL' THEN 'n' WHEN 'SET DEFAULT' THEN 'd' ELSE 'a' END,
             c.definition
      FROM catalog_constraint c WHERE c.kind IN ('c', 'f'))`,
    columns: {
      oid: 'oid',
      conname: 'name',
      connamespace: '2200',
      contype: 'contype',
      condeferrable: 'coalesce(is_deferrable, 0)',
      condeferred: 'coalesce(is_deferred, 0)',
      convalidated: '1',
      conrelid: 'conrelid',
      conindid: 'conindid',
      confrelid: 'confrelid',
      confupdtype: 'updtype',
      confdeltype: 'deltype',
      confmatchtype: "CASE contype WHEN 'f' THEN 's' ELSE ' ' END",
      conislocal: '1',
      connoinherit: "contype <> 'c'",
      conkey: 'conkey',
      confkey: 'confkey',
      // For pg_get_constraintdef, which has nowhere else to look.
      conbin: 'definition',
    },
  },
  pg_trigger: {
    from: "main.sqlite_schema g JOIN catalog_relation t ON t.name = g.tbl_name WHERE g.type = 'trigger'",
    columns: {
      oid: '16384 + 2 * g.rowid',
      tgrelid: 't.oid',
      tgname: 'g.name',
      tgtype: '5',
      tgenabled: "'O'",
      tgqual: 'g.sql',
    },
  },
  pg_rewrite: {
    from: "catalog_relation WHERE type = 'view'",
    columns: {
      oid: 'oid + 1',
      rulename: "'_RETURN'",
      ev_class: 'oid',
      ev_type: "'1'",
      ev_enabled: "'O'",
      is_instead: '1',
      ev_action: 'catalog_query(sql)',
    },
  },
  pg_tables: {
    from: "catalog_relation r WHERE type = 'table'",
    columns: {
      schemaname: "'public'",
      tablename: 'name',
      tableowner: 'session_user_name()',
      hasindexes: 'EXISTS (SELECT 1 FROM catalog_index i WHERE i.indrelid = r.oid)',
      hastriggers:
        "EXISTS (SELECT 1 FROM main.sqlite_schema g WHERE g.type = 'trigger' AND g.tbl_name = r.name)",
    },
  },
  pg_views: {
    from: "catalog_relation WHERE type = 'view'",
    columns: {
      schemaname: "'public'",
      viewname: 'name',
      viewowner: 'session_user_name()',
      definition: 'catalog_query(sql)',
    },
  },
  pg_indexes: {
    from: 'catalog_index',
    columns: {
      schemaname: "'public'",
      tablename: 'tbl_name',
      indexname: 'name',
      indexdef: 'catalog_index(is_unique, name, tbl_name, written, condition, sql)',
    },
  },
  pg_stat_user_tables: statistics(),
  pg_stat_all_tables: statistics(),
  pg_statio_user_tables: statistics(),
  pg_statio_all_tables: statistics(),
};

function statistics(): RelationView {
  return {
    from: "catalog_relation WHERE type = 'table'",
    columns: { relid: 'oid', schemaname: "'public'", relname: 'name' },
  };
}
