import { randomUUID } from 'node:crypto';
import { SqlError } from '../sql-error.ts';
import { arrayText } from '../types/arrays.ts';
import type { Value } from '../types/pg-type.ts';
import { formatType, typeNamed } from '../types/pg-type.ts';
import { plainName } from './conversions.ts';
import type { Session } from './session.ts';
import { countOf, plain, type SqlFunction, strict, textOf } from './sql-function.ts';

/** PostgreSQL 15, as clients that ask for features are to take it. */
export const VERSION = 'PostgreSQL 15.0 (zocalo, SQLite)';

/** Functions about the server, the session, and what is in the catalog. */
export function systemFunctions(session: Session): SqlFunction[] {
  const sessionValue = (name: string, value: () => Value): SqlFunction => ({
    name,
    deterministic: false,
    arity: 0,
    implementation: value,
  });
  return [
    sessionValue('version', () => VERSION),
    sessionValue('current_schema', () => 'public'),
    sessionValue('current_database', () => session.database),
    sessionValue('session_user_name', () => session.user),
    sessionValue('pg_backend_pid', () => BigInt(session.processId)),
    sessionValue('pg_is_in_recovery', () => 0n),
    sessionValue('pg_is_wal_replay_paused', () => 0n),
    sessionValue('pg_my_temp_schema', () => 0n),
    sessionValue('pg_postmaster_start_time', () => started),
    sessionValue('pg_conf_load_time', () => started),
    sessionValue('pg_client_encoding', () => 'UTF8'),
    sessionValue('getdatabaseencoding', () => 'UTF8'),
    sessionValue('inet_server_addr', () => null),
    sessionValue('inet_client_addr', () => null),
    sessionValue('inet_server_port', () => null),
    sessionValue('inet_client_port', () => null),
    sessionValue('pg_stat_reset', () => null),
    sessionValue('gen_random_uuid', () => randomUUID()),
    ...[
      'txid_current',
      'pg_current_xact_id',
      'txid_current_if_assigned',
      'pg_current_xact_id_if_assigned',
    ].map((name) => sessionValue(name, () => session.now() / 1000n)),
    strict('current_schemas', 1, (implicit) =>
      arrayText(Number(implicit) === 0 ? ['public'] : ['pg_catalog', 'public']),
    ),
    plain('pg_get_userbyid', 1, (id) => (id === null || id === undefined ? null : session.user)),
    plain('format_type', 2, (oid = null, typmod = null) => {
      if (oid === null) return null;
      // Only without a length at all is it called as it is declared.
      if (countOf(oid) === 1042 && typmod === null) return 'character';
      return formatType({ oid: countOf(oid), typmod: typmod === null ? -1 : countOf(typmod) });
    }),
    plain('pg_typeof', 1, (value) => BigInt(typeNamed(sqlTypeOf(value ?? null))?.oid ?? 25)),
    strict('to_regtype', 1, (name) => oidOrNull(typeNamed(plainName(textOf(name)))?.oid)),
    strict('pg_encoding_to_char', 1, (encoding) => (countOf(encoding) === 6 ? 'UTF8' : '')),
    strict('pg_char_to_encoding', 1, (name) => (/^utf-?8$/i.test(textOf(name)) ? 6n : -1n)),
    strict('pg_encoding_max_length', 1, () => 4n),
    setting(session),
    // The session changes its settings itself; here the value is only given back.
    strict('set_config', 3, (_name, value) => value),
    plain('current_query', 0, () => null),
    plain('num_nulls', -1, (...values) => BigInt(values.filter((value) => value === null).length)),
    plain('num_nonnulls', -1, (...values) => BigInt(values.filter((value) => value !== null).length)),
    plain('setseed', 1, () => ''),
    ...visible.map((name) => plain(name, -1, (oid) => (oid === null ? null : 1n))),
    ...privileges.map((name) => plain(name, -1, () => 1n)),
    ...unknown.map((name) => plain(name, -1, () => null)),
    ...sizes.map((name) => plain(name, -1, () => 0n)),
    strict('pg_size_pretty', 1, (size) => prettySize(BigInt(Math.round(Number(size))))),
    strict('pg_column_size', 1, (value) => BigInt(Buffer.byteLength(textOf(value)))),
    strict('pg_get_expr', -1, (expression) => expression),
    plain('pg_indexam_progress_phasename', -1, () => null),
    plain('keywords_json', 0, () => JSON.stringify(keywords)),
    { ...plain('settings_json', 0, () => JSON.stringify(session.settings())), deterministic: false },
    ...['pg_advisory_lock', 'pg_advisory_xact_lock', 'pg_advisory_unlock_all', 'pg_notify'].map((name) =>
      refused(name),
    ),
    ...['pg_try_advisory_lock', 'pg_try_advisory_xact_lock', 'pg_advisory_unlock'].map((name) =>
      refused(name),
    ),
    ...['pg_cancel_backend', 'pg_terminate_backend'].map((name) => refused(name)),
    strict('pg_column_is_updatable', 3, () => 1n),
    strict('pg_relation_is_updatable', 2, () => 28n),
  ];
}

const started = `${new Date().toISOString().slice(0, 23).replace('T', ' ')}+00:00`;

function oidOrNull(value: number | undefined): Value {
  return value === undefined ? null : BigInt(value);
}

const visible = [
  'pg_table_is_visible',
  'pg_type_is_visible',
  'pg_function_is_visible',
  'pg_opclass_is_visible',
  'pg_operator_is_visible',
  'pg_collation_is_visible',
  'pg_conversion_is_visible',
  'pg_ts_config_is_visible',
  'pg_ts_dict_is_visible',
  'pg_ts_parser_is_visible',
  'pg_ts_template_is_visible',
  'pg_opfamily_is_visible',
  'pg_statistics_obj_is_visible',
  'pg_relation_is_publishable',
];
const privileges = [
  'has_table_privilege',
  'has_schema_privilege',
  'has_database_privilege',
  'has_column_privilege',
  'has_any_column_privilege',
  'has_function_privilege',
  'has_sequence_privilege',
  'has_type_privilege',
  'has_language_privilege',
  'has_tablespace_privilege',
  'pg_has_role',
];
/** What nothing here has: comments, partitions, functions written in SQL. */
const unknown = [
  'obj_description',
  'col_description',
  'shobj_description',
  'pg_get_functiondef',
  'pg_get_function_result',
  'pg_get_function_arguments',
  'pg_get_function_identity_arguments',
  'pg_get_function_sqlbody',
  'pg_get_ruledef',
  'pg_get_partkeydef',
  'pg_get_partition_constraintdef',
  'pg_get_statisticsobjdef',
  'pg_get_statisticsobjdef_columns',
  'pg_get_serial_sequence',
  'pg_tablespace_location',
  'pg_relation_filenode',
  'pg_relation_filepath',
  'pg_describe_object',
  'pg_partition_root',
  'pg_last_wal_receive_lsn',
  'pg_last_wal_replay_lsn',
  'pg_last_xact_replay_timestamp',
  'pg_stat_get_numscans',
  'row_security_active',
  'pg_is_other_temp_schema',
  'pg_sequence_last_value',
  'pg_blocking_pids',
  'acldefault',
];
const sizes = [
  'pg_relation_size',
  'pg_table_size',
  'pg_indexes_size',
  'pg_total_relation_size',
  'pg_tablespace_size',
];

function refused(name: string): SqlFunction {
  return {
    name,
    deterministic: false,
    arity: -1,
    implementation() {
      throw new SqlError('0A000', `${name}() is not supported`);
    },
  };
}

function setting(session: Session): SqlFunction {
  return {
    name: 'current_setting',
    deterministic: false,
    arity: -1,
    implementation(name, missing) {
      if (name === null || name === undefined) return null;
      const value = session.setting(textOf(name).toLowerCase());
      if (value !== undefined) return value;
      if (Number(missing ?? 0) !== 0) return null;
      throw new SqlError('42704', `unrecognized configuration parameter "${textOf(name)}"`);
    },
  };
}

function sqlTypeOf(value: Value): string {
  if (value === null) return 'unknown';
  if (typeof value === 'bigint') return value === BigInt.asIntN(32, value) ? 'int4' : 'int8';
  if (typeof value === 'number') return 'float8';
  return typeof value === 'string' ? 'text' : 'bytea';
}

/** As psql's `\dt+` shows sizes: the next unit from ten of it on. */
function prettySize(size: bigint): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = size;
  let unit = 0;
  const absolute = (of: bigint) => (of < 0n ? -of : of);
  const limit = 10n * 1024n;
  while (unit < units.length - 1 && absolute(value) >= (unit === 0 ? limit : limit * 2n - 1n)) {
    // One bit more is kept for rounding at the end.
    value = unit === 0 ? value >> 9n : value >> 10n;
    unit++;
  }
  if (unit > 0) value = (value + 1n) / 2n;
  return `${value} ${units[unit] ?? ''}`;
}

/** Words that need quotes to be names (pg_get_keywords() of PostgreSQL 15, categories R and T). */
const reserved =
  'all analyse analyze and any array as asc asymmetric both case cast check collate column ' +
  'constraint create current_catalog current_date current_role current_time current_timestamp ' +
  'current_user default deferrable desc distinct do else end except false fetch for foreign from ' +
  'grant group having in initially intersect into lateral leading limit localtime localtimestamp ' +
  'not null offset on only or order placing primary references returning select session_user some ' +
  'symmetric table then to trailing true union unique user using variadic when where window with';
const functionOrType =
  'authorization binary collation concurrently cross current_schema freeze full ilike inner is ' +
  'isnull join left like natural notnull outer overlaps right similar tablesample verbose';

/** Rows of pg_get_keywords(): the word, its category, and the category described. */
const keywords: readonly (readonly [word: string, category: string, described: string])[] = [
  ...reserved.split(' ').map((word) => [word, 'R', 'reserved'] as const),
  ...functionOrType.split(' ').map((word) => [word, 'T', 'reserved (can be function or type name)'] as const),
];
