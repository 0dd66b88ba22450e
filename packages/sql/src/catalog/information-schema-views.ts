import type { RelationView } from './relation-views.ts';

const database = 'current_database()';
const schema = "'public'";
const yesNo = (test: string) => `CASE WHEN ${test} THEN 'YES' ELSE 'NO' END`;

const kinds = `CASE contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' ELSE 'FOREIGN KEY' END`;

/** Views of the SQL standard, over those of `pg_catalog`. */
export const informationSchemaViews: Readonly<Record<string, RelationView>> = {
  information_schema_catalog_name: { from: '(SELECT 1)', columns: { catalog_name: database } },
  schemata: {
    from: 'pg_namespace',
    columns: { catalog_name: database, schema_name: 'nspname', schema_owner: 'session_user_name()' },
  },
  tables: {
    from: "pg_class WHERE relkind IN ('r', 'v')",
    columns: {
      table_catalog: database,
      table_schema: `CASE relnamespace WHEN 2200 THEN ${schema} ELSE 'pg_catalog' END`,
      table_name: 'relname',
      table_type: "CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END",
      is_insertable_into: yesNo("relkind = 'r'"),
      is_typed: "'NO'",
    },
  },
  columns: {
    from: 'catalog_column c JOIN pg_type t ON t.oid = c.type',
    columns: {
      table_catalog: database,
      table_schema: schema,
      table_name: 'c.tbl_name',
      column_name: 'c.name',
      ordinal_position: 'c.attnum',
      column_default: 'c.dflt_value',
      is_nullable: yesNo('NOT c.is_not_null'),
      data_type: "CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' ELSE format_type(c.type, NULL) END",
      character_maximum_length: 'CASE WHEN c.type IN (1042, 1043) AND c.typmod > 4 THEN c.typmod - 4 END',
      character_octet_length: 'CASE WHEN c.type IN (25, 1042, 1043) THEN 1073741824 END',
      numeric_precision:
        'CASE c.type WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN c.typmod >= 0 THEN ((c.typmod - 4) >> 16) & 65535 END END',
      numeric_precision_radix:
        'CASE WHEN c.type IN (20, 21, 23, 700, 701) THEN 2 WHEN c.type = 1700 THEN 10 END',
      numeric_scale:
        'CASE WHEN c.type IN (20, 21, 23) THEN 0 WHEN c.type = 1700 AND c.typmod >= 0 THEN (c.typmod - 4) & 65535 END',
      datetime_precision:
        'CASE WHEN c.type = 1082 THEN 0 WHEN c.type IN (1083, 1114, 1184, 1266, 1186) THEN 6 END',
      udt_catalog: database,
      udt_schema: "'pg_catalog'",
      udt_name: 't.typname',
      dtd_identifier: 'c.attnum',
      is_self_referencing: "'NO'",
      is_identity: yesNo('c.counts'),
      identity_generation: "CASE WHEN c.counts THEN 'BY DEFAULT' END",
      identity_cycle: "'NO'",
      is_generated: "CASE WHEN c.hidden > 1 THEN 'ALWAYS' ELSE 'NEVER' END",
      is_updatable: yesNo("c.kind = 'table' AND c.hidden < 2"),
    },
  },
  views: {
    from: "catalog_relation WHERE type = 'view'",
    columns: {
      table_catalog: database,
      table_schema: schema,
      table_name: 'name',
      view_definition: 'catalog_query(sql)',
      check_option: "'NONE'",
      is_updatable: "'NO'",
      is_insertable_into: "'NO'",
    },
  },
  table_constraints: {
    from: 'pg_constraint c JOIN catalog_relation r ON r.oid = c.conrelid',
    columns: {
      constraint_catalog: database,
      constraint_schema: schema,
      constraint_name: 'c.conname',
      table_catalog: database,
      table_schema: schema,
      table_name: 'r.name',
      constraint_type: kinds,
      is_deferrable: yesNo('c.condeferrable'),
      initially_deferred: yesNo('c.condeferred'),
      enforced: "'YES'",
      nulls_distinct: "CASE WHEN contype = 'u' THEN 'YES' END",
    },
  },
  key_column_usage: {
    from: `pg_constraint c JOIN catalog_relation r ON r.oid = c.conrelid, json_each(array_json(c.conkey)) k
           JOIN catalog_column x ON x.attrelid = c.conrelid AND x.attnum = k.value WHERE c.contype IN ('p', 'u', 'f')`,
    columns: {
      constraint_catalog: database,
      constraint_schema: schema,
      constraint_name: 'c.conname',
      table_catalog: database,
      table_schema: schema,
      table_name: 'r.name',
      column_name: 'x.name',
      ordinal_position: 'k.key + 1',
      position_in_unique_constraint: "CASE WHEN c.contype = 'f' THEN k.key + 1 END",
    },
  },
  constraint_column_usage: {
    from: `pg_constraint c,
           json_each(array_json(CASE c.contype WHEN 'f' THEN c.confkey ELSE c.conkey END)) k
           JOIN catalog_column x ON x.attnum = k.value AND x.attrelid = CASE c.contype WHEN 'f' THEN c.confrelid ELSE c.conrelid END`,
    columns: {
      table_catalog: database,
      table_schema: schema,
      table_name: 'x.tbl_name',
      column_name: 'x.name',
      constraint_catalog: database,
      constraint_schema: schema,
      constraint_name: 'c.conname',
    },
  },
  referential_constraints: {
    from: "pg_constraint c LEFT JOIN catalog_index i ON i.oid = c.conindid WHERE c.contype = 'f'",
    columns: {
      constraint_catalog: database,
      constraint_schema: schema,
      constraint_name: 'c.conname',
      unique_constraint_catalog: database,
      unique_constraint_schema: schema,
      unique_constraint_name: 'i.name',
      match_option: "'NONE'",
      update_rule: rule('c.confupdtype'),
      delete_rule: rule('c.confdeltype'),
    },
  },
  check_constraints: {
    from: "pg_constraint WHERE contype = 'c'",
    columns: {
      constraint_catalog: database,
      constraint_schema: schema,
      constraint_name: 'conname',
      check_clause: 'substr(conbin, 7)',
    },
  },
  triggers: {
    from: 'pg_trigger g JOIN catalog_relation r ON r.oid = g.tgrelid',
    columns: {
      trigger_catalog: database,
      trigger_schema: schema,
      trigger_name: 'g.tgname',
      event_object_catalog: database,
      event_object_schema: schema,
      event_object_table: 'r.name',
      action_statement: 'g.tgqual',
    },
  },
  enabled_roles: { from: '(SELECT 1)', columns: { role_name: 'session_user_name()' } },
};

function rule(code: string): string {
  return `CASE ${code} WHEN 'c' THEN 'CASCADE' WHEN 'r' THEN 'RESTRICT' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' ELSE 'NO ACTION' END`;
}
