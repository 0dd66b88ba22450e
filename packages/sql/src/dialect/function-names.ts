import { own } from '../own-value.ts';
import { commonType } from './type-names.ts';

/** Functions that SQLite has by another name, or that mean something else there. */
const spelledOtherwise: Record<string, string> = {
  char_length: 'length',
  character_length: 'length',
  btrim: 'trim',
  ascii: 'unicode',
  chr: 'char',
  strpos: 'instr',
  bool_and: 'min',
  every: 'min',
  bool_or: 'max',
  greatest: 'greatest_of',
  least: 'least_of',
  format: 'format_text',
  random: 'random_fraction',
  json_agg: 'json_group_array',
  jsonb_agg: 'json_group_array',
  json_object_agg: 'json_group_object',
  jsonb_object_agg: 'json_group_object',
  json_build_object: 'json_object',
  jsonb_build_object: 'json_object',
  json_build_array: 'json_array',
  jsonb_build_array: 'json_array',
  jsonb_array_length: 'json_array_length',
  to_jsonb: 'json_of',
  to_json: 'json_of',
  json_typeof: 'json_type_name',
  jsonb_typeof: 'json_type_name',
  stddev: 'stddev_samp',
  variance: 'var_samp',
  transaction_timestamp: 'now',
  statement_timestamp: 'now',
  uuid_generate_v4: 'gen_random_uuid',
  pow: 'power',
  ceil: 'ceiling',
  session_user: 'session_user_name',
  current_catalog: 'current_database',
};

/** The name to be called. */
export function native(name: string): string {
  return own(spelledOtherwise, name) ?? name;
}

const SAME = 'same';
const COMMON = 'common';
const DEVIATION = 'deviation';

const groups: Record<string, string> = {
  int4:
    'length char_length character_length octet_length bit_length strpos position ascii array_length array_upper ' +
    'array_lower array_position cardinality pg_backend_pid width_bucket json_array_length jsonb_array_length ' +
    'pg_encoding_max_length inet_server_port inet_client_port regexp_count array_ndims num_nulls num_nonnulls',
  int8:
    'count row_number rank dense_rank txid_current pg_relation_size pg_table_size pg_total_relation_size ' +
    'pg_indexes_size pg_database_size regr_count',
  float8:
    'sqrt cbrt exp ln pi degrees radians sin cos tan asin acos atan atan2 sinh cosh tanh random date_part ' +
    'percent_rank cume_dist corr percentile_cont covar_samp covar_pop regr_slope regr_intercept regr_r2 regr_avgx regr_avgy',
  numeric: 'extract to_number div factorial',
  [DEVIATION]: 'stddev stddev_samp stddev_pop variance var_samp var_pop',
  text:
    'lower upper initcap concat concat_ws left right lpad rpad ltrim rtrim btrim trim repeat replace reverse ' +
    'split_part substr substring overlay translate to_hex md5 chr string_agg format quote_ident quote_literal ' +
    'quote_nullable to_char array_to_string version current_setting set_config pg_get_expr pg_get_constraintdef ' +
    'pg_get_indexdef pg_get_viewdef pg_get_functiondef pg_get_function_result pg_get_function_arguments ' +
    'pg_get_function_identity_arguments pg_get_triggerdef pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef_columns ' +
    'pg_get_partkeydef obj_description col_description shobj_description format_type pg_size_pretty ' +
    'regexp_replace regexp_substr encode json_typeof jsonb_typeof pg_tablespace_location timeofday jsonb_pretty ' +
    'json_extract_path_text jsonb_extract_path_text pg_describe_object group_concat hex typeof printf pg_get_partition_constraintdef',
  name: 'current_schema current_database current_user session_user pg_get_userbyid pg_encoding_to_char getdatabaseencoding',
  bool:
    'bool_and bool_or every starts_with pg_table_is_visible pg_type_is_visible pg_function_is_visible ' +
    'pg_is_in_recovery has_table_privilege has_schema_privilege has_database_privilege has_column_privilege ' +
    'has_any_column_privilege has_function_privilege has_sequence_privilege has_type_privilege isfinite regexp_like ' +
    'pg_is_other_temp_schema pg_opclass_is_visible pg_relation_is_publishable row_security_active pg_has_role ' +
    'jsonb_exists pg_try_advisory_lock pg_advisory_unlock pg_cancel_backend pg_terminate_backend',
  timestamptz:
    'now transaction_timestamp statement_timestamp clock_timestamp make_timestamptz to_timestamp pg_postmaster_start_time',
  timestamp: 'make_timestamp',
  date: 'make_date to_date date',
  time: 'make_time',
  interval: 'age make_interval justify_days justify_hours justify_interval',
  uuid: 'gen_random_uuid uuid_generate_v4',
  json: 'json_agg json_build_object json_build_array json_object_agg to_json row_to_json json_strip_nulls array_to_json',
  jsonb:
    'jsonb_agg jsonb_build_object jsonb_build_array jsonb_object_agg to_jsonb jsonb_set jsonb_strip_nulls',
  bytea: 'decode sha256 sha224 sha384 sha512 convert_to',
  regclass: 'to_regclass',
  regtype: 'pg_typeof to_regtype',
  oid: 'pg_my_temp_schema lo_create',
  _text: 'string_to_array regexp_split_to_array regexp_match',
  _name: 'current_schemas',
  void: 'setseed pg_advisory_lock pg_advisory_xact_lock pg_notify pg_stat_reset',
  [SAME]:
    'min max abs round trunc ceil ceiling floor sign lag lead first_value last_value nth_value nullif ' +
    'array_append array_remove array_cat date_trunc any_value mode gcd lcm',
  [COMMON]: 'coalesce greatest least',
};
const types = new Map(
  Object.entries(groups).flatMap(([type, names]) => names.split(' ').map((name) => [name, type] as const)),
);

/** The type of what a function returns, given the types of its arguments. */
export function resultType(name: string, of: readonly (string | undefined)[]): string | undefined {
  const type = types.get(name);
  if (type === COMMON) return commonType(of);
  if (type === DEVIATION) return of[0]?.startsWith('float') ? 'float8' : 'numeric';
  if (name === 'array_agg') return of[0] === undefined || of[0] === 'unknown' ? '_text' : `_${of[0]}`;
  if (type !== SAME)
    return type === undefined && (name === 'power' || name === 'log') ? floatOrNumeric(of) : type;
  const first = name === 'date_trunc' ? of[1] : of[0];
  if (name === 'date_trunc' && (first === 'date' || first === 'unknown')) return 'timestamptz';
  if (/^(round|trunc|ceil|ceiling|floor|sign)$/.test(name) && first?.startsWith('int')) {
    return of.length > 1 ? 'numeric' : 'float8';
  }
  if ((name === 'min' || name === 'max') && first === 'varchar') return 'text';
  return first === 'unknown' ? 'text' : first;
}

function floatOrNumeric(of: readonly (string | undefined)[]): string {
  return of.includes('numeric') && !of.includes('float8') ? 'numeric' : 'float8';
}
