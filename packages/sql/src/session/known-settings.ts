/** A setting that is PostgreSQL's. */
export type KnownSetting = {
  readonly name: string;
  readonly initial: string;
  /** Whether every change, and the value at the beginning, is reported to clients. */
  readonly reported?: boolean;
  readonly fixed?: boolean;
  /** The value as it is kept; undefined when it cannot be. */
  accept?(value: string): string | undefined;
};

const utf8 = (value: string) => (/^(utf-?8|unicode)$/i.test(value) ? 'UTF8' : undefined);
const anything = (value: string) => value;

function oneOf(...choices: readonly string[]): (value: string) => string | undefined {
  return (value) => choices.find((choice) => choice === value.toLowerCase());
}

function onOff(value: string): string | undefined {
  if (/^(on|t|tr|tru|true|y|ye|yes|1)$/i.test(value)) return 'on';
  return /^(off?|f|fa|fal|fals|false|n|no|0)$/i.test(value) ? 'off' : undefined;
}

function timeZone(value: string): string | undefined {
  if (/^(utc|gmt|z|zulu|local|default)$/i.test(value)) return 'UTC';
  if (/^[-+]?\d{1,2}(:\d\d)?$/.test(value)) return value;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** Milliseconds of `500`, `500ms`, `5s`, `1min`, `1h`, `1d`. */
export function milliseconds(value: string): number | undefined {
  const parts = /^\s*(\d{1,10}(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$/.exec(value);
  if (parts === null) return undefined;
  const unit =
    { us: 0.001, ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }[parts[2] ?? 'ms'] ?? 1;
  return Math.round(Number(parts[1]) * unit);
}

/** As PostgreSQL shows a time: in the largest unit that leaves no remainder. */
function duration(value: string): string | undefined {
  const time = milliseconds(value);
  if (time === undefined || time > 2 ** 31 - 1) return undefined;
  if (time === 0) return '0';
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const) {
    if (time % size === 0) return `${time / size}${unit}`;
  }
  return `${time}ms`;
}

function whole(least: number, most: number): (value: string) => string | undefined {
  return (value) => {
    const number = Number(value);
    return value.trim() !== '' && Number.isInteger(number) && number >= least && number <= most
      ? String(number)
      : undefined;
  };
}

const isolation = oneOf('read uncommitted', 'read committed', 'repeatable read', 'serializable');

/** The version of PostgreSQL whose protocol and catalog are served. */
export const SERVER_VERSION = '15.0 (zocalo)';

/** All that are known here. */
export const knownSettings: readonly KnownSetting[] = [
  { name: 'application_name', initial: '', reported: true, accept: anything },
  { name: 'client_encoding', initial: 'UTF8', reported: true, accept: utf8 },
  {
    name: 'DateStyle',
    initial: 'ISO, MDY',
    reported: true,
    accept: (value) => (/^\s*iso\b/i.test(value) || /^\s*(mdy|us)\s*$/i.test(value) ? 'ISO, MDY' : undefined),
  },
  { name: 'default_transaction_read_only', initial: 'off', reported: true, accept: onOff },
  { name: 'in_hot_standby', initial: 'off', reported: true, fixed: true },
  { name: 'integer_datetimes', initial: 'on', reported: true, fixed: true },
  { name: 'IntervalStyle', initial: 'postgres', reported: true, accept: oneOf('postgres') },
  { name: 'is_superuser', initial: 'off', reported: true, fixed: true },
  { name: 'server_encoding', initial: 'UTF8', reported: true, fixed: true },
  { name: 'server_version', initial: SERVER_VERSION, reported: true, fixed: true },
  { name: 'session_authorization', initial: '', reported: true, fixed: true },
  { name: 'standard_conforming_strings', initial: 'on', reported: true, accept: oneOf('on') },
  { name: 'TimeZone', initial: 'UTC', reported: true, accept: timeZone },
  { name: 'backslash_quote', initial: 'safe_encoding', accept: anything },
  { name: 'bytea_output', initial: 'hex', accept: oneOf('hex') },
  { name: 'check_function_bodies', initial: 'on', accept: onOff },
  {
    name: 'client_min_messages',
    initial: 'notice',
    accept: oneOf(
      'debug5',
      'debug4',
      'debug3',
      'debug2',
      'debug1',
      'debug',
      'log',
      'notice',
      'info',
      'warning',
      'error',
    ),
  },
  { name: 'constraint_exclusion', initial: 'partition', accept: anything },
  { name: 'cursor_tuple_fraction', initial: '0.1', accept: anything },
  { name: 'data_directory', initial: '', fixed: true },
  { name: 'default_table_access_method', initial: 'heap', accept: anything },
  { name: 'default_tablespace', initial: '', accept: anything },
  { name: 'default_text_search_config', initial: 'pg_catalog.english', accept: anything },
  { name: 'default_transaction_deferrable', initial: 'off', accept: onOff },
  { name: 'default_transaction_isolation', initial: 'read committed', accept: isolation },
  { name: 'default_with_oids', initial: 'off', accept: oneOf('off') },
  { name: 'enable_hashjoin', initial: 'on', accept: onOff },
  { name: 'enable_indexscan', initial: 'on', accept: onOff },
  { name: 'enable_mergejoin', initial: 'on', accept: onOff },
  { name: 'enable_nestloop', initial: 'on', accept: onOff },
  { name: 'enable_seqscan', initial: 'on', accept: onOff },
  { name: 'escape_string_warning', initial: 'on', accept: onOff },
  { name: 'extra_float_digits', initial: '1', accept: whole(-15, 3) },
  { name: 'geqo', initial: 'on', accept: onOff },
  // A client in a transaction may keep others from writing.
  { name: 'idle_in_transaction_session_timeout', initial: '5min', accept: duration },
  { name: 'idle_session_timeout', initial: '0', accept: duration },
  { name: 'jit', initial: 'off', accept: onOff },
  { name: 'lc_collate', initial: 'C.UTF-8', fixed: true },
  { name: 'lc_ctype', initial: 'C.UTF-8', fixed: true },
  { name: 'lc_messages', initial: 'C.UTF-8', accept: anything },
  { name: 'lc_monetary', initial: 'C.UTF-8', accept: anything },
  { name: 'lc_numeric', initial: 'C.UTF-8', accept: anything },
  { name: 'lc_time', initial: 'C.UTF-8', accept: anything },
  { name: 'lock_timeout', initial: '0', accept: duration },
  { name: 'maintenance_work_mem', initial: '64MB', accept: anything },
  { name: 'max_connections', initial: '100', fixed: true },
  { name: 'max_identifier_length', initial: '63', fixed: true },
  { name: 'max_index_keys', initial: '32', fixed: true },
  { name: 'max_prepared_transactions', initial: '0', fixed: true },
  { name: 'password_encryption', initial: 'scram-sha-256', accept: oneOf('scram-sha-256') },
  { name: 'plan_cache_mode', initial: 'auto', accept: anything },
  { name: 'quote_all_identifiers', initial: 'off', accept: onOff },
  { name: 'random_page_cost', initial: '4', accept: anything },
  { name: 'role', initial: 'none', accept: anything },
  { name: 'row_security', initial: 'on', accept: onOff },
  { name: 'search_path', initial: '"$user", public', accept: anything },
  { name: 'server_version_num', initial: '150000', fixed: true },
  { name: 'ssl', initial: 'off', fixed: true },
  { name: 'statement_timeout', initial: '0', accept: duration },
  { name: 'synchronize_seqscans', initial: 'on', accept: onOff },
  {
    name: 'synchronous_commit',
    initial: 'on',
    accept: oneOf('on', 'off', 'local', 'remote_write', 'remote_apply'),
  },
  { name: 'tcp_keepalives_idle', initial: '0', accept: anything },
  { name: 'timezone_abbreviations', initial: 'Default', accept: anything },
  { name: 'transaction_deferrable', initial: 'off', accept: onOff },
  { name: 'transaction_isolation', initial: 'read committed', accept: isolation },
  { name: 'transaction_read_only', initial: 'off', accept: onOff },
  { name: 'wal_level', initial: 'replica', fixed: true },
  { name: 'work_mem', initial: '4MB', accept: anything },
  { name: 'xmloption', initial: 'content', accept: oneOf('content', 'document') },
];
