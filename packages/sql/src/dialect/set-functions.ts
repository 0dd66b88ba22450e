import { own } from '../own-value.ts';
import { quoteName } from './keywords.ts';
import type { Expression, Translator } from './translator.ts';

/** One column of what a set-returning function returns. */
export type SetColumn = {
  readonly name: string;
  readonly type: string | undefined;
  /** What is to be written for it, given the alias in FROM. */
  written(alias: string): string;
};

/** A set-returning function as an item of FROM. */
export type SetSource = {
  readonly sql: string;
  readonly columns: readonly SetColumn[];
  /** Whether its arguments depend on columns. */
  readonly correlated: boolean;
  /** Whether it has one column, which takes the name of the item. */
  readonly scalar: boolean;
  /** What counts the rows from 1, for WITH ORDINALITY. */
  ordinality(alias: string): string;
};

type Argument = { readonly sql: string; readonly expression: Expression };

const value: SetColumn['written'] = (alias) => `${alias}.value`;
const scalar = (type: (types: readonly (string | undefined)[]) => string | undefined) => ({ type });

/** Functions whose rows are the elements of a JSON array that a registered function makes. */
const ofElements: Record<
  string,
  {
    readonly array: string;
    readonly column?: string;
    readonly type: (of: readonly (string | undefined)[]) => string | undefined;
  }
> = {
  unnest: { array: 'array_json', ...scalar(([array]) => array?.replace(/^_/, '')) },
  json_array_elements: { array: 'json_elements', column: 'value', ...scalar(() => 'json') },
  jsonb_array_elements: { array: 'json_elements', column: 'value', ...scalar(() => 'jsonb') },
  json_array_elements_text: { array: '', column: 'value', ...scalar(() => 'text') },
  jsonb_array_elements_text: { array: '', column: 'value', ...scalar(() => 'text') },
  json_object_keys: { array: 'json_keys', ...scalar(() => 'text') },
  jsonb_object_keys: { array: 'json_keys', ...scalar(() => 'text') },
  regexp_split_to_table: { array: 'regexp_split_json', ...scalar(() => 'text') },
  string_to_table: { array: 'string_split_json', ...scalar(() => 'text') },
  regexp_matches: { array: 'regexp_matches_json', ...scalar(() => '_text') },
  generate_subscripts: { array: 'subscripts_json', ...scalar(() => 'int4') },
  pg_ls_dir: { array: 'nothing_json', ...scalar(() => 'text') },
};

/** Functions whose rows have several columns: each row is a JSON array. */
const ofRows: Record<string, { readonly array: string; readonly columns: Record<string, string> }> = {
  json_each: { array: '', columns: { key: 'text', value: 'json' } },
  jsonb_each: { array: '', columns: { key: 'text', value: 'jsonb' } },
  json_each_text: { array: '', columns: { key: 'text', value: 'text' } },
  jsonb_each_text: { array: '', columns: { key: 'text', value: 'text' } },
  _pg_expandarray: { array: 'array_json', columns: { x: 'int4', n: 'int4' } },
  pg_get_keywords: { array: 'keywords_json', columns: { word: 'text', catcode: 'char', catdesc: 'text' } },
  pg_options_to_table: { array: 'nothing_json', columns: { option_name: 'text', option_value: 'text' } },
  aclexplode: {
    array: 'nothing_json',
    columns: { grantor: 'oid', grantee: 'oid', privilege_type: 'text', is_grantable: 'bool' },
  },
  pg_show_all_settings: {
    array: 'settings_json',
    columns: { name: 'text', setting: 'text', short_desc: 'text' },
  },
  pg_get_publication_tables: { array: 'nothing_json', columns: { relid: 'oid' } },
  pg_stat_get_activity: { array: 'nothing_json', columns: { pid: 'int4' } },
  pg_partition_ancestors: { array: 'nothing_json', columns: { relid: 'regclass' } },
  pg_partition_tree: { array: 'nothing_json', columns: { relid: 'regclass', level: 'int4' } },
};

export function isSetFunction(name: string): boolean {
  return name === 'generate_series' || Object.hasOwn(ofElements, name) || Object.hasOwn(ofRows, name);
}

/** Reads the arguments of a set-returning function, from its parenthesis on; what is written of them may be cut. */
export function setSource(translator: Translator, name: string): SetSource {
  const given = readArguments(translator);
  const correlated = given.some(({ expression }) => expression.columns);
  const types = given.map(({ expression }) => expression.type);
  const list = given.map(({ sql }) => sql).join(', ');
  if (name === 'generate_series') return series(translator, given, correlated);
  const elements = own(ofElements, name);
  if (elements !== undefined) {
    return {
      sql: `json_each(${elements.array === '' ? list : `${elements.array}(${list})`})`,
      columns: [{ name: elements.column ?? name, type: elements.type(types), written: value }],
      correlated,
      scalar: elements.column === undefined,
      ordinality: (alias) => `(${alias}.key + 1)`,
    };
  }
  const rows = ofRows[name] as NonNullable<(typeof ofRows)[string]>;
  return {
    sql: `json_each(${rows.array === '' ? list : `${rows.array}(${list})`})`,
    columns: Object.entries(rows.columns).map(([column, type], index) => ({
      name: column,
      type,
      written: fieldOf(name, column, index),
    })),
    correlated,
    scalar: false,
    ordinality: (alias) => `(${alias}.key + 1)`,
  };
}

function fieldOf(name: string, column: string, index: number): SetColumn['written'] {
  if (name === '_pg_expandarray') return column === 'x' ? value : (alias) => `(${alias}.key + 1)`;
  if (name.includes('json')) return (alias) => `${alias}.${column}`;
  return (alias) => `${alias}.value ->> ${index}`;
}

function readArguments(translator: Translator): Argument[] {
  translator.expectSymbol('(');
  const list: Argument[] = [];
  if (translator.acceptSymbol(')')) return list;
  do {
    const mark = translator.mark;
    const expression = translator.expression();
    list.push({ sql: translator.cut(mark).trim(), expression });
  } while (translator.acceptSymbol(','));
  translator.expectSymbol(')');
  return list;
}

/** Whole numbers come from a recursive query, which makes them one by one; everything else from an array. */
function series(translator: Translator, given: readonly Argument[], correlated: boolean): SetSource {
  const [from, to, step] = given;
  if (from === undefined || to === undefined) throw translator.unexpected();
  const type = from.expression.type === 'unknown' ? to.expression.type : from.expression.type;
  const moments = type === 'timestamp' || type === 'timestamptz' || type === 'date';
  const name = 'generate_series';
  if (moments || correlated) {
    const list = given.map(({ sql }) => sql).join(', ');
    const sql = moments ? `json_each(moments_json('${type}', ${list}))` : `json_each(series_json(${list}))`;
    const result = moments && type === 'date' ? 'timestamptz' : type;
    return {
      sql,
      columns: [{ name, type: result, written: value }],
      correlated,
      scalar: true,
      ordinality: (alias) => `(${alias}.key + 1)`,
    };
  }
  const by = step?.sql ?? '1';
  const within = (sql: string) =>
    step === undefined
      ? `${sql} <= ${to.sql}`
      : `CASE WHEN nonzero_step(${by}) > 0 THEN ${sql} <= ${to.sql} ELSE ${sql} >= ${to.sql} END`;
  const first = `SELECT ${from.sql}, 1 WHERE ${within(from.sql)}`;
  const next = `SELECT v + ${by}, n + 1 FROM _s WHERE ${within(`v + ${by}`)}`;
  return {
    sql: `(WITH RECURSIVE _s(v, n) AS (${first} UNION ALL ${next}) SELECT v AS value, n - 1 AS key FROM _s)`,
    columns: [{ name, type: type ?? 'int4', written: value }],
    correlated,
    scalar: true,
    ordinality: (alias) => `(${alias}.key + 1)`,
  };
}

/** A set as a query of its own, whose columns have their names; possible where nothing outside is referred to. */
export function setAsQuery(
  source: SetSource,
  names: readonly string[],
  ordinality: string | undefined,
): string {
  const columns = source.columns.map((column, index) => {
    return `${column.written('_f')} AS ${quoteName(names[index] ?? column.name)}`;
  });
  if (ordinality !== undefined) columns.push(`${source.ordinality('_f')} AS ${quoteName(ordinality)}`);
  return `(SELECT ${columns.join(', ')} FROM ${source.sql} AS _f)`;
}
