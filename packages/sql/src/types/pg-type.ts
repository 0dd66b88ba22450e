/**
 * A value as SQLite holds it: NULL, INTEGER (`bigint`, or `number` where it is exact), REAL, TEXT, BLOB. Types that
 * SQLite lacks are kept by convention: booleans as 0 and 1, dates and times as ISO 8601 text, UUID and JSON as text,
 * NUMERIC as a number or as text, bytea as BLOB.
 */
export type Value = null | bigint | number | string | Uint8Array;

/** How a value is written: 0 as text, 1 in binary. */
export type FormatCode = 0 | 1;

/** The type of a column or a parameter, as a RowDescription has it. */
export type PgType = {
  /** The object identifier, as in `pg_type`. */
  readonly oid: number;
  /** Bytes of a value in PostgreSQL's memory; -1: it varies. */
  readonly size: number;
  /** Length, or precision and scale, in PostgreSQL's way; -1: none. */
  readonly typmod: number;
};

/** The object identifiers of `pg_type.dat`, which no version of PostgreSQL changes. */
export const oids = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int2vector: 22,
  int4: 23,
  regproc: 24,
  text: 25,
  oid: 26,
  xid: 28,
  oidvector: 30,
  json: 114,
  float4: 700,
  float8: 701,
  unknown: 705,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  numeric: 1700,
  regclass: 2205,
  regtype: 2206,
  uuid: 2950,
  jsonb: 3802,
  void: 2278,
  record: 2249,
} as const;

export type TypeName = keyof typeof oids;

/** What is known of a type beyond its number. */
export type TypeEntry = {
  readonly oid: number;
  /** As in `pg_type.typname`. */
  readonly name: string;
  /** As `format_type` says it. */
  readonly sqlName: string;
  readonly size: number;
  /** The type of its arrays; 0: none. */
  readonly arrayOid: number;
  /** Of an array: the type of its elements; else 0. */
  readonly elementOid: number;
};

const scalars: readonly (readonly [TypeName, sqlName: string, size: number, arrayOid: number])[] = [
  ['bool', 'boolean', 1, 1000],
  ['bytea', 'bytea', -1, 1001],
  ['char', '"char"', 1, 1002],
  ['name', 'name', 64, 1003],
  ['int8', 'bigint', 8, 1016],
  ['int2', 'smallint', 2, 1005],
  ['int2vector', 'int2vector', -1, 1006],
  ['int4', 'integer', 4, 1007],
  ['regproc', 'regproc', 4, 1008],
  ['text', 'text', -1, 1009],
  ['oid', 'oid', 4, 1028],
  ['xid', 'xid', 4, 1011],
  ['oidvector', 'oidvector', -1, 1013],
  ['json', 'json', -1, 199],
  ['float4', 'real', 4, 1021],
  ['float8', 'double precision', 8, 1022],
  ['unknown', 'unknown', -2, 0],
  ['bpchar', 'character', -1, 1014],
  ['varchar', 'character varying', -1, 1015],
  ['date', 'date', 4, 1182],
  ['time', 'time without time zone', 8, 1183],
  ['timestamp', 'timestamp without time zone', 8, 1115],
  ['timestamptz', 'timestamp with time zone', 8, 1185],
  ['interval', 'interval', 16, 1187],
  ['timetz', 'time with time zone', 12, 1270],
  ['numeric', 'numeric', -1, 1231],
  ['regclass', 'regclass', 4, 2210],
  ['regtype', 'regtype', 4, 2211],
  ['uuid', 'uuid', 16, 2951],
  ['jsonb', 'jsonb', -1, 3807],
  ['void', 'void', 4, 0],
  ['record', 'record', -1, 2287],
];

const entries = scalars.flatMap(([name, sqlName, size, arrayOid]): TypeEntry[] => {
  const oid = oids[name];
  const scalar = { oid, name, sqlName, size, arrayOid, elementOid: 0 };
  if (arrayOid === 0) return [scalar];
  const array = {
    oid: arrayOid,
    name: `_${name}`,
    sqlName: `${sqlName}[]`,
    size: -1,
    arrayOid: 0,
    elementOid: oid,
  };
  return [scalar, array];
});

const byOid = new Map(entries.map((entry) => [entry.oid, entry]));
const byName = new Map(
  entries.flatMap((entry) => [[entry.name, entry] as const, [entry.sqlName, entry] as const]),
);

/** All types that are known, arrays among them. */
export const typeEntries: readonly TypeEntry[] = entries;

/** A type by its object identifier. */
export function typeEntry(oid: number): TypeEntry | undefined {
  return byOid.get(oid);
}

/** A type by `typname` or by the name in SQL, in lower case. */
export function typeNamed(name: string): TypeEntry | undefined {
  return byName.get(name);
}

const plain = new Map<number, PgType>();

/** A type without length, precision or scale. An unknown number is a type like text. */
export function pgType(oid: number, typmod = -1): PgType {
  if (typmod !== -1) return { oid, size: byOid.get(oid)?.size ?? -1, typmod };
  let type = plain.get(oid);
  if (type === undefined) {
    type = { oid, size: byOid.get(oid)?.size ?? -1, typmod };
    if (byOid.has(oid)) plain.set(oid, type);
  }
  return type;
}

/** Four bytes of a varlena header are part of a length, and of precision and scale. */
const HEADER = 4;

/** A type as SQL writes it, such as `character varying(20)`: what `format_type` answers. */
export function formatType({ oid, typmod }: Pick<PgType, 'oid' | 'typmod'>): string {
  const entry = byOid.get(oid);
  if (entry === undefined) return '???';
  if (typmod < 0) return entry.name === 'bpchar' ? 'bpchar' : entry.sqlName;
  switch (oid) {
    case oids.varchar:
    case oids.bpchar:
      return `${entry.sqlName}(${typmod - HEADER})`;
    case oids.numeric:
      return `numeric(${(typmod - HEADER) >> 16},${(typmod - HEADER) & 0xffff})`;
    case oids.timestamp:
    case oids.timestamptz:
    case oids.time:
    case oids.timetz:
      return entry.sqlName.replace(' ', `(${typmod}) `);
    default:
      return entry.sqlName;
  }
}
