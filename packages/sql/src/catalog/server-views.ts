import type { RelationView } from './relation-views.ts';

/** The relations that say what every database has, or what the server is. */
export const serverViews: Readonly<Record<string, RelationView>> = {
  pg_namespace: {
    from: "(SELECT column1 AS oid, column2 AS name FROM (VALUES (11, 'pg_catalog'), (2200, 'public'), (13183, 'information_schema')))",
    columns: { oid: 'oid', nspname: 'name', nspowner: '10' },
  },
  pg_database: {
    from: '(SELECT 1)',
    columns: {
      oid: '5',
      datname: 'current_database()',
      datdba: '10',
      encoding: '6',
      datlocprovider: "'c'",
      datallowconn: '1',
      datconnlimit: '-1',
      datfrozenxid: '1',
      datminmxid: '1',
      dattablespace: '1663',
      datcollate: "'C'",
      datctype: "'C'",
    },
  },
  pg_roles: roles({
    rolname: 'session_user_name()',
    rolinherit: '1',
    rolcanlogin: '1',
    rolconnlimit: '-1',
    rolpassword: "'********'",
    oid: '10',
  }),
  pg_authid: roles({
    rolname: 'session_user_name()',
    rolinherit: '1',
    rolcanlogin: '1',
    rolconnlimit: '-1',
    oid: '10',
  }),
  pg_user: roles({ usename: 'session_user_name()', usesysid: '10', passwd: "'********'" }),
  pg_am: {
    from: "(SELECT column1 AS oid, column2 AS name, column3 AS kind FROM (VALUES (2, 'heap', 't'), (403, 'btree', 'i')))",
    columns: { oid: 'oid', amname: 'name', amtype: 'kind' },
  },
  pg_collation: {
    from: "(SELECT column1 AS oid, column2 AS name FROM (VALUES (100, 'default'), (950, 'C'), (951, 'POSIX')))",
    columns: {
      oid: 'oid',
      collname: 'name',
      collnamespace: '11',
      collowner: '10',
      collprovider: "CASE oid WHEN 100 THEN 'd' ELSE 'c' END",
      collisdeterministic: '1',
      collencoding: '-1',
      collcollate: "'C'",
      collctype: "'C'",
    },
  },
  pg_tablespace: {
    from: "(SELECT column1 AS oid, column2 AS name FROM (VALUES (1663, 'pg_default'), (1664, 'pg_global')))",
    columns: { oid: 'oid', spcname: 'name', spcowner: '10' },
  },
  pg_language: {
    from: "(SELECT column1 AS oid, column2 AS name FROM (VALUES (12, 'internal'), (14, 'sql')))",
    columns: { oid: 'oid', lanname: 'name', lanowner: '10' },
  },
  pg_stat_activity: {
    from: '(SELECT 1)',
    columns: {
      datid: '5',
      datname: 'current_database()',
      pid: 'pg_backend_pid()',
      usesysid: '10',
      usename: 'session_user_name()',
      state: "'active'",
      backend_type: "'client backend'",
    },
  },
  pg_settings: {
    from: 'json_each(settings_json())',
    columns: {
      name: 'value ->> 0',
      setting: 'value ->> 1',
      context: "'user'",
      vartype: "'string'",
      source: "'session'",
      boot_val: 'value ->> 1',
      reset_val: 'value ->> 1',
    },
  },
};

function roles(columns: RelationView['columns']): RelationView {
  return { from: '(SELECT 1)', columns };
}
