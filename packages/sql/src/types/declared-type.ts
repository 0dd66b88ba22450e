import type { Value } from './pg-type.ts';
import { oids, type PgType, pgType, type TypeName, typeEntry } from './pg-type.ts';

/**
 * Names of declared types. INTEGER is int4 as everywhere else, though SQLite keeps 64 bits: text has them all, binary
 * says when a number does not fit. REAL is float8: SQLite keeps 8 bytes of it, and 4 would lose digits.
 */
const names: Readonly<Record<string, TypeName>> = {
  bool: 'bool',
  boolean: 'bool',
  tinyint: 'int2',
  smallint: 'int2',
  int2: 'int2',
  smallserial: 'int2',
  serial2: 'int2',
  int: 'int4',
  integer: 'int4',
  int4: 'int4',
  mediumint: 'int4',
  serial: 'int4',
  serial4: 'int4',
  bigint: 'int8',
  int8: 'int8',
  bigserial: 'int8',
  serial8: 'int8',
  'unsigned big int': 'int8',
  real: 'float8',
  float: 'float8',
  double: 'float8',
  'double precision': 'float8',
  float4: 'float4',
  float8: 'float8',
  numeric: 'numeric',
  decimal: 'numeric',
  dec: 'numeric',
  text: 'text',
  clob: 'text',
  string: 'text',
  varchar: 'varchar',
  'character varying': 'varchar',
  'char varying': 'varchar',
  nvarchar: 'varchar',
  char: 'bpchar',
  character: 'bpchar',
  nchar: 'bpchar',
  bpchar: 'bpchar',
  '"char"': 'char',
  name: 'name',
  blob: 'bytea',
  bytea: 'bytea',
  binary: 'bytea',
  varbinary: 'bytea',
  date: 'date',
  time: 'time',
  'time without time zone': 'time',
  timetz: 'timetz',
  'time with time zone': 'timetz',
  timestamp: 'timestamp',
  'timestamp without time zone': 'timestamp',
  datetime: 'timestamp',
  timestamptz: 'timestamptz',
  'timestamp with time zone': 'timestamptz',
  interval: 'interval',
  json: 'json',
  jsonb: 'jsonb',
  uuid: 'uuid',
  oid: 'oid',
  regclass: 'regclass',
  regtype: 'regtype',
  regproc: 'regproc',
};

const known = new Map<string, PgType | undefined>();
const MAX_CACHED = 10_000;

/**
 * The type of a column from its declaration in SQLite, such as `VARCHAR(20)` or `TIMESTAMP WITH TIME ZONE`. Names that
 * PostgreSQL does not have follow SQLite's rules of affinity (datatype3.html section 3.1); where those promise nothing,
 * or nothing is declared, the answer is undefined: a value decides.
 */
export function typeOfDeclared(declared: string | null | undefined): PgType | undefined {
  if (declared === null || declared === undefined || declared === '') return undefined;
  if (known.has(declared)) return known.get(declared);
  const type = parse(declared);
  if (known.size < MAX_CACHED) known.set(declared, type);
  return type;
}

function parse(declared: string): PgType | undefined {
  const text = declared.trim().toLowerCase().replace(/\s+/g, ' ');
  const array = /^(.*?)(?: ?\[\d*\])+$/.exec(text);
  if (array !== null) {
    const element = parse(array[1] as string);
    const oid = element && typeEntry(element.oid)?.arrayOid;
    return oid ? pgType(oid) : undefined;
  }
  const parts = /^([^(]*?) ?(?:\( ?(\d+) ?(?:, ?(\d+) ?)?\)(.*))?$/.exec(text);
  if (parts === null) return byAffinity(text);
  const [, head = '', first, second, tail = ''] = parts;
  const name = names[(head + tail).trim()];
  if (name === undefined) return byAffinity(text);
  const oid = oids[name];
  if (first === undefined) return pgType(oid, head === 'char' || head === 'character' ? 5 : -1);
  const n = Number(first);
  switch (name) {
    case 'varchar':
    case 'bpchar':
      return pgType(oid, n + 4);
    case 'numeric':
      return pgType(oid, ((n << 16) | Number(second ?? 0)) + 4);
    case 'timestamp':
    case 'timestamptz':
    case 'time':
    case 'timetz':
      return pgType(oid, Math.min(n, 6));
    default:
      return pgType(oid);
  }
}

function byAffinity(text: string): PgType | undefined {
  if (text.includes('int')) return pgType(oids.int8);
  if (/char|clob|text/.test(text)) return pgType(oids.text);
  if (text.includes('blob')) return pgType(oids.bytea);
  if (/real|floa|doub/.test(text)) return pgType(oids.float8);
  return undefined;
}

/** The type of an expression from its first value; text where that says nothing. */
export function typeOfValue(value: Value | undefined): PgType {
  switch (typeof value) {
    case 'bigint':
      return pgType(value === BigInt.asIntN(32, value) ? oids.int4 : oids.int8);
    case 'number':
      if (!Number.isInteger(value)) return pgType(oids.float8);
      return pgType(value === (value | 0) ? oids.int4 : oids.int8);
    case 'object':
      return pgType(value === null ? oids.text : oids.bytea);
    default:
      return pgType(oids.text);
  }
}
