import { own } from '../own-value.ts';
import type { TokenReader } from '../parse/token-reader.ts';

/** A type as it was written: `name` as PostgreSQL's catalog has it (`int4`, `varchar`, `_text` for an array). */
export type TypeName = {
  readonly name: string;
  /** What stands in parentheses: `varchar(20)`, `numeric(10,2)`. */
  readonly modifiers: readonly number[];
};

/** Names of types, in any spelling of one word, by what the catalog calls them. */
const aliases: Record<string, string> = {
  int: 'int4',
  integer: 'int4',
  smallint: 'int2',
  bigint: 'int8',
  serial: 'int4',
  serial4: 'int4',
  bigserial: 'int8',
  serial8: 'int8',
  smallserial: 'int2',
  serial2: 'int2',
  real: 'float4',
  decimal: 'numeric',
  dec: 'numeric',
  boolean: 'bool',
  character: 'bpchar',
  char: 'bpchar',
  nchar: 'bpchar',
  string: 'text',
};

const known = new Set(
  (
    'int2 int4 int8 float4 float8 numeric text varchar bpchar bool bytea date time timetz timestamp timestamptz ' +
    'interval json jsonb uuid name oid regclass regtype regproc regprocedure regnamespace regrole regoper ' +
    'regoperator regconfig xid cid tid void record char unknown inet cidr macaddr money bit varbit xml point ' +
    'int2vector oidvector pg_node_tree aclitem pg_lsn cstring anyarray'
  ).split(' '),
);

/** Whether the catalog has a type of this name. */
export function isTypeName(name: string): boolean {
  return known.has(name) || own(aliases, name) !== undefined || name === 'double' || name === 'national';
}

/**
 * Reads a type name: `int`, `character varying(20)`, `timestamp(3) with time zone`, `pg_catalog.text`, `text[]`.
 * An unknown name comes back as it is.
 */
export function readTypeName(reader: TokenReader): TypeName {
  reader.accept('setof');
  let name = readBareName(reader);
  let modifiers: number[] = [];
  if (reader.is('(')) modifiers = readModifiers(reader);
  if (name === 'time' || name === 'timestamp') {
    if (reader.accept('with', 'time', 'zone')) name += 'tz';
    else reader.accept('without', 'time', 'zone');
  }
  if (name === 'interval') skipIntervalFields(reader);
  let array = false;
  while (reader.is('[')) {
    reader.next();
    if (reader.peek()?.kind === 'number') reader.next();
    reader.expectSymbol(']');
    array = true;
  }
  if (reader.accept('array')) array = true;
  return { name: array ? `_${name}` : name, modifiers };
}

function readBareName(reader: TokenReader): string {
  const quoted = reader.peek()?.kind === 'identifier';
  let name = reader.name();
  while (reader.is('.')) {
    reader.next();
    name = reader.name();
    // `pg_catalog.char` is the one-byte type, as is `"char"`.
    if (name === 'char') return 'char';
  }
  if (quoted) return name === 'char' ? 'char' : (own(aliases, name) ?? name);
  if (name === 'double') {
    reader.accept('precision');
    return 'float8';
  }
  if (name === 'float') return floatName(reader);
  if (name === 'national') name = reader.name();
  if (name === 'character' || name === 'char' || name === 'nchar')
    return reader.accept('varying') ? 'varchar' : 'bpchar';
  if (name === 'bit') return reader.accept('varying') ? 'varbit' : 'bit';
  return own(aliases, name) ?? name;
}

/** `float(n)` has single precision up to 24 bits. */
function floatName(reader: TokenReader): string {
  if (!reader.is('(')) return 'float8';
  const bits = readModifiers(reader)[0] ?? 53;
  return bits <= 24 ? 'float4' : 'float8';
}

function readModifiers(reader: TokenReader): number[] {
  const modifiers: number[] = [];
  reader.expectSymbol('(');
  do {
    const minus = reader.acceptSymbol('-');
    const token = reader.next();
    if (token.kind === 'number') modifiers.push(minus ? -Number(token.value) : Number(token.value));
  } while (reader.acceptSymbol(','));
  reader.expectSymbol(')');
  return modifiers;
}

const fields = ['year', 'month', 'day', 'hour', 'minute', 'second'];

function skipIntervalFields(reader: TokenReader): void {
  if (!fields.includes(reader.word() ?? '')) return;
  reader.next();
  if (reader.is('(')) readModifiers(reader);
  if (!reader.accept('to')) return;
  if (fields.includes(reader.word() ?? '')) reader.next();
  if (reader.is('(')) readModifiers(reader);
}

const numbers = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];

/**
 * The type that values of several types have together, in CASE, COALESCE, VALUES and UNION: of numbers the widest, of
 * others that of the first that has one, `text` where there are only literals; undefined where one is not known.
 */
export function commonType(types: readonly (string | undefined)[]): string | undefined {
  if (types.includes(undefined)) return undefined;
  const known = types.filter((type) => type !== undefined && type !== 'unknown') as string[];
  if (known.length === 0) return 'text';
  if (!known.every((type) => numbers.includes(type))) return known[0];
  return numbers[Math.max(...known.map((type) => numbers.indexOf(type)))];
}
