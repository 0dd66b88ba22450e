import { SqlError } from '../sql-error.ts';
import { isRelative } from '../types/datetime.ts';
import { literalOf, valueOfType } from '../types/literals.ts';
import { catalogValue } from './catalog-names.ts';
import { quoteText } from './keywords.ts';
import { type Expression, Level, type Translator } from './translator.ts';
import { isTypeName, type TypeName } from './type-names.ts';

const integers = new Set(['int2', 'int4', 'int8', 'oid', 'xid', 'cid']);
const texts = new Set([
  'text',
  'varchar',
  'bpchar',
  'name',
  'unknown',
  'char',
  'cstring',
  'xml',
  'inet',
  'cidr',
  'macaddr',
  'regconfig',
]);
const datetimes = new Set(['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval']);
/** Types whose values are numbers that stand for something in the catalog, and how it is called there. */
const registered: Record<string, { readonly relation: string; readonly name: string }> = {
  regclass: { relation: 'pg_class', name: 'relname' },
  regnamespace: { relation: 'pg_namespace', name: 'nspname' },
  regrole: { relation: 'pg_roles', name: 'rolname' },
};

/** Rewrites what has just been written as a value of another type. */
export function castTo(translator: Translator, from: Expression, type: TypeName): Expression {
  if (!isTypeName(type.name.replace(/^_/, ''))) {
    const details = { position: translator.position(translator.peek(-1)) };
    throw new SqlError('42704', `type "${type.name}" does not exist`, details);
  }
  const cast = named(translator, from, type);
  const name = from.name === undefined || from.weakName ? type.name : from.name;
  const weak = from.name === undefined || from.weakName ? { weakName: true } : {};
  return { ...cast, name, ...weak };
}

function named(translator: Translator, from: Expression, type: TypeName): Expression {
  if (from.literal?.kind === 'string' && from.type === 'unknown') return typedLiteral(translator, from, type);
  if (from.parameter !== undefined && (from.type === undefined || from.type === type.name)) {
    translator.hint(from.parameter, { typeName: type.name, column: undefined });
    return limited(translator, without({ ...from, type: type.name }), type);
  }
  if (from.type === type.name) return limited(translator, without(from), type);
  return limited(translator, converted(translator, without(from), type.name), type);
}

/** What was cast is neither a literal nor a column any more. */
function without({ first, level, type, columns, name, nonzero }: Expression): Expression {
  return { first, level, type, columns, name, ...(nonzero ? { nonzero } : {}) };
}

/** A text literal as a literal of its type; what depends on the time of day is left to a function. */
export function typedLiteral(translator: Translator, from: Expression, type: TypeName): Expression {
  const text = from.literal?.value ?? '';
  const made = { ...without(from), type: type.name };
  if (type.name === 'regtype') return called(translator, made, 'to_regtype_oid');
  // Functions have no numbers here: the catalog has their names.
  if (type.name === 'regproc') return called(translator, made, 'plain_name');
  const registry = registered[type.name];
  if (registry !== undefined) return lookedUp(translator, made, registry, text);
  if (datetimes.has(type.name) && isRelative(text))
    return called(translator, made, 'to_datetime', `, '${type.name}'`);
  translator.cut(from.first);
  const value = valueAt(translator, text, type.name, from);
  translator.put(literalOf(value));
  const negative = (typeof value === 'bigint' || typeof value === 'number') && value < 0;
  if (type.name === 'bool') {
    translator.cut(from.first);
    translator.put(value === 1n ? 'TRUE' : 'FALSE');
  }
  return limited(translator, { ...made, level: negative ? Level.UNARY : Level.PRIMARY }, type);
}

/** @throws SqlError with the place of the literal */
function valueAt(translator: Translator, text: string, typeName: string, from: Expression) {
  try {
    return valueOfType(text, typeName, 0n);
  } catch (error) {
    if (!(error instanceof SqlError) || from.literal === undefined) throw error;
    const details = { ...error.details, position: translator.position(from.literal) };
    throw new SqlError(error.sqlstate, error.message, details, { cause: error });
  }
}

/** Lengths and scales: `varchar(3)`, `numeric(10,2)`. */
function limited(translator: Translator, from: Expression, { name, modifiers }: TypeName): Expression {
  const [size, scale] = modifiers;
  if (size === undefined) return from;
  if (name === 'varchar' || name === 'bpchar') return called(translator, from, 'substr', `, 1, ${size}`);
  if (name === 'numeric') return called(translator, from, 'round', `, ${scale ?? 0}`);
  return from;
}

function called(translator: Translator, from: Expression, name: string, after = ''): Expression {
  translator.wrap(from.first, `${name}(`, `${after})`);
  return { ...from, level: Level.PRIMARY };
}

function converted(translator: Translator, from: Expression, type: string): Expression {
  const source = from.type;
  const to = { ...from, type };
  if (type.startsWith('_')) return source?.endsWith('vector') ? called(translator, to, 'array_text') : to;
  if (integers.has(type)) {
    if (source !== undefined && (integers.has(source) || registered[source] || source === 'bool')) return to;
    if (source === 'numeric' || source?.startsWith('float')) {
      translator.wrap(from.first, 'CAST(round(', ') AS INTEGER)');
      return { ...to, level: Level.PRIMARY };
    }
    return called(translator, to, 'to_integer', `, '${type}'`);
  }
  if (type === 'numeric' || type.startsWith('float')) return toNumber(translator, to, source, type);
  if (type === 'bool') {
    if (source === undefined || !integers.has(source)) return called(translator, to, 'to_boolean');
    translator.wrap(from.first, '(', ' <> 0)');
    return { ...to, level: Level.PRIMARY };
  }
  if (texts.has(type)) return toText(translator, to, source);
  if (datetimes.has(type)) {
    return called(translator, to, 'to_datetime', `, '${type}'`);
  }
  if (type === 'json' && source === 'jsonb') return to;
  if (type === 'bytea' || type === 'json' || type === 'jsonb' || type === 'uuid') {
    return called(translator, to, `to_${type}`);
  }
  if (type === 'regtype')
    return source !== undefined && texts.has(source) ? called(translator, to, 'to_regtype_oid') : to;
  const registry = registered[type];
  if (registry !== undefined && (source === undefined || texts.has(source))) {
    return lookedUp(translator, to, registry, undefined);
  }
  return to;
}

function toNumber(
  translator: Translator,
  to: Expression,
  source: string | undefined,
  type: string,
): Expression {
  const number = source === 'numeric' || source?.startsWith('float') || integers.has(source ?? '');
  if (!number) return called(translator, to, 'to_number_value', `, ${quoteText(type)}`);
  if (type === 'numeric') return to;
  translator.wrap(to.first, 'CAST(', ' AS REAL)');
  return { ...to, level: Level.PRIMARY };
}

function toText(translator: Translator, to: Expression, source: string | undefined): Expression {
  if (source === undefined || source === 'numeric' || source.startsWith('float'))
    return called(translator, to, 'to_text');
  if (source === 'bool') return called(translator, to, 'boolean_text');
  if (source === 'bytea') return called(translator, to, 'bytea_text');
  if (source === 'timestamptz') return called(translator, to, 'timestamptz_text');
  if (source === 'regtype') return called(translator, to, 'format_type', ', NULL');
  const registry = registered[source];
  if (registry !== undefined) {
    const sought = translator.cut(to.first);
    translator.put(catalogValue(registry.relation, registry.name, 'oid', sought));
    return { ...to, level: Level.PRIMARY };
  }
  if (!integers.has(source)) return to;
  translator.wrap(to.first, 'CAST(', ' AS TEXT)');
  return { ...to, level: Level.PRIMARY };
}

/** What a client gets of a number that stands for something in the catalog: its name. */
export function shownByName(translator: Translator, expression: Expression): Expression {
  const { type } = expression;
  if (type !== 'regtype' && registered[type ?? ''] === undefined) return expression;
  if (expression.column !== undefined) return expression;
  return { ...toText(translator, expression, type), type };
}

/** `'name'::regclass`: the number that the catalog has for the name, or the number itself. */
function lookedUp(
  translator: Translator,
  to: Expression,
  { relation, name }: { readonly relation: string; readonly name: string },
  literal: string | undefined,
): Expression {
  if (literal !== undefined && /^\d+$/.test(literal)) {
    translator.cut(to.first);
    translator.put(literal);
    return to;
  }
  const sought = translator.cut(to.first);
  const kind = relation === 'pg_class' ? 'relation' : relation === 'pg_namespace' ? 'schema' : 'function';
  const byName = catalogValue(relation, 'oid', name, `plain_name(${sought})`);
  translator.put(`found(coalesce(oid_of(${sought}), ${byName}), ${quoteText(kind)}, ${sought})`);
  return { ...to, level: Level.PRIMARY };
}

/**
 * A text literal or a parameter beside something of a known type is of that type. `last` is the last piece of it when
 * something has been written since.
 */
export function coerceLiteral(
  translator: Translator,
  expression: Expression,
  other: Pick<Expression, 'type' | 'column'>,
  last?: number,
): void {
  const { type, column } = other;
  if (expression.parameter !== undefined) {
    const typeName = type === 'unknown' ? undefined : type;
    if (expression.type === undefined) translator.hint(expression.parameter, { typeName, column });
    return;
  }
  const text = expression.literal;
  if (text?.kind !== 'string' || expression.type !== 'unknown') return;
  if (type === undefined || texts.has(type) || type.startsWith('_') || registered[type] || type === 'record')
    return;
  if (datetimes.has(type) && isRelative(text.value)) {
    translator.wrap(expression.first, 'to_datetime(', `, '${type}')`, last);
    return;
  }
  const value = valueAt(translator, text.value, type, expression);
  translator.replace(expression.first, literalOf(value));
}
