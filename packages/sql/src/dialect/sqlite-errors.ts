import type { Statement } from '../parse/statements.ts';
import { positionAt } from '../parse/tokens.ts';
import { SqlError, type SqlErrorDetails } from '../sql-error.ts';
import type { Reference, Translation } from './translation.ts';

/** What SQLite said. */
export type SqliteFailure = {
  readonly message: string;
  /** The extended result code (https://www.sqlite.org/rescode.html), 0 when it is not known. */
  readonly code: number;
};

/** Where it was said. */
export type FailureContext = {
  readonly statement: Statement;
  readonly translation: Translation | undefined;
  /** The name of the constraint or index that makes these columns unique, if it is known. */
  uniqueName?(table: string, columns: readonly string[]): string | undefined;
};

type Rule = readonly [pattern: RegExp, say: (found: RegExpExecArray, context: FailureContext) => SqlError];

/** What PostgreSQL would say instead of what SQLite said. */
export function sqlErrorOf(failure: SqliteFailure, context: FailureContext): SqlError {
  for (const [pattern, say] of rules) {
    const found = pattern.exec(failure.message);
    if (found !== null) return say(found, context);
  }
  const sqlstate = byCode[failure.code & 0xff] ?? 'XX000';
  return new SqlError(sqlstate, failure.message);
}

/** By primary result code, for what has no message of its own. */
const byCode: Record<number, string> = {
  1: '42000',
  4: '40001',
  5: '55P03',
  6: '55P03',
  7: '53200',
  8: '25006',
  9: '57014',
  10: '58030',
  11: 'XX001',
  13: '53100',
  18: '54000',
  19: '23000',
  20: '42804',
  23: '42501',
  26: 'XX001',
};

function error(sqlstate: string, message: string, details: SqlErrorDetails = {}): SqlError {
  return new SqlError(sqlstate, message, details);
}

function refer(
  { translation, statement }: FailureContext,
  kind: Reference['kind'],
  name: string,
): { readonly shown: string; readonly details: SqlErrorDetails } | undefined {
  const sought = name.toLowerCase();
  const reference = translation?.references.find(
    (each) =>
      each.kind === kind && (each.name.toLowerCase() === sought || each.shown.toLowerCase() === sought),
  );
  if (reference === undefined) return undefined;
  return { shown: reference.shown, details: { position: positionAt(statement.source, reference.offset) } };
}

function verbOf({ statement }: FailureContext): string {
  return statement.tokens[0]?.value ?? '';
}

/** The table that the statement changes. */
function target({ translation }: FailureContext): string {
  return translation?.references.find(({ kind }) => kind === 'relation')?.name ?? '';
}

function missingTable([, name = '']: RegExpExecArray, context: FailureContext): SqlError {
  const plain = name.replace(/^(?:main|temp)\./, '');
  const found = refer(context, 'relation', plain);
  if (verbOf(context) === 'drop') return error('42P01', `table "${plain}" does not exist`);
  const isAltered = ['truncate', 'alter', 'create'].includes(verbOf(context));
  return error(
    '42P01',
    `relation "${found?.shown ?? plain}" does not exist`,
    isAltered ? {} : found?.details,
  );
}

function missingColumn([, quoted = '']: RegExpExecArray, context: FailureContext): SqlError {
  const name = quoted.replace(/^"(.*)"$/, '$1');
  const found = refer(context, 'column', name);
  const [table, column] = name.includes('.') ? name.split('.') : [undefined, name];
  if (table !== undefined) return error('42703', `column ${table}.${column} does not exist`, found?.details);
  const [, second] = context.statement.tokens;
  if (verbOf(context) === 'copy' && second !== undefined && second.kind !== 'punctuation')
    return error('42703', `column "${name}" of relation "${second.value}" does not exist`);
  const { sql } = context.translation ?? { sql: [] };
  if (sql.some((text) => text.startsWith('CREATE') || text.includes('RENAME'))) {
    return error('42703', `column "${name}" does not exist`);
  }
  if (verbOf(context) === 'alter') {
    return error('42703', `column "${name}" of relation "${target(context)}" does not exist`);
  }
  const assigned = verbOf(context) === 'update' && isAssigned(name, context);
  const of = assigned ? ` of relation "${target(context)}"` : '';
  return error('42703', `column "${name}"${of} does not exist`, found?.details);
}

/** Whether a column stands on the left in SET. */
function isAssigned(name: string, { statement: { tokens } }: FailureContext): boolean {
  return tokens.some(({ value }, index) => {
    const before = tokens[index - 1]?.value;
    return value === name && (before === 'set' || before === ',') && tokens[index + 1]?.value === '=';
  });
}

function missingFunction([, name = '']: RegExpExecArray, context: FailureContext): SqlError {
  const found = refer(context, 'function', name);
  return error('42883', `function ${found?.shown ?? `${name}()`} does not exist`, {
    ...found?.details,
    hint: 'No function matches the given name and argument types. You might need to add explicit type casts.',
  });
}

function notUnique([, list = '']: RegExpExecArray, context: FailureContext): SqlError {
  const index = /^index '(.*)'$/.exec(list)?.[1];
  const columns = list.split(', ').map((column) => column.slice(column.indexOf('.') + 1));
  const table = index === undefined ? list.slice(0, list.indexOf('.')) : target(context);
  const name = index ?? context.uniqueName?.(table, columns) ?? `${table}_${columns.join('_')}_key`;
  if (verbOf(context) === 'create' || verbOf(context) === 'alter') {
    const created = /INDEX (?:IF NOT EXISTS )?("[^"]*"|\w+)/.exec(context.translation?.sql.at(-1) ?? '')?.[1];
    return error('23505', `could not create unique index "${(created ?? name).replaceAll('"', '')}"`, {
      schema: 'public',
      table,
    });
  }
  return error('23505', `duplicate key value violates unique constraint "${name}"`, {
    schema: 'public',
    table,
    constraint: name,
  });
}

function isNull([, table = '', column = '']: RegExpExecArray): SqlError {
  return error(
    '23502',
    `null value in column "${column}" of relation "${table}" violates not-null constraint`,
    {
      schema: 'public',
      table,
      column,
    },
  );
}

function foreignKey(_found: RegExpExecArray, context: FailureContext): SqlError {
  const table = target(context);
  const what = verbOf(context) === 'delete' ? 'update or delete' : 'insert or update';
  return error('23503', `${what} on table "${table}" violates foreign key constraint`, {
    schema: 'public',
    table,
  });
}

function nearToken(
  [, near = '']: RegExpExecArray,
  { statement: { source, tokens } }: FailureContext,
): SqlError {
  const token = tokens.find(
    ({ start, end }) => source.slice(start, end).toLowerCase() === near.toLowerCase(),
  );
  const details = token === undefined ? {} : { position: positionAt(source, token.start) };
  return error('42601', `syntax error at or near "${near}"`, details);
}

const rules: readonly Rule[] = [
  [/^no such table: (.+)$/, missingTable],
  [/^no such view: (.+)$/, ([, name]) => error('42P01', `view "${name}" does not exist`)],
  [/^no such index: (.+)$/, ([, name]) => error('42704', `index "${name}" does not exist`)],
  [/^no such trigger: (.+)$/, ([, name]) => error('42704', `trigger "${name}" does not exist`)],
  [/^no such column: (.+?)(?: - should this be .*)?$/, missingColumn],
  [
    /^table (\S+) has no column named (.+)$/,
    ([, table, column = ''], context) =>
      error(
        '42703',
        `column "${column}" of relation "${table}" does not exist`,
        refer(context, 'column', column)?.details,
      ),
  ],
  [/^no such function: (.+)$/, missingFunction],
  [/^wrong number of arguments to function (.+)\(\)$/, missingFunction],
  [
    /^ambiguous column name: (?:.*\.)?(.+)$/,
    ([, name = ''], context) =>
      error('42702', `column reference "${name}" is ambiguous`, refer(context, 'column', name)?.details),
  ],
  [/^near "([\s\S]*)": syntax error$/, nearToken],
  [/^unrecognized token: "([\s\S]*)"?$/, nearToken],
  [/^incomplete input$/, () => error('42601', 'syntax error at end of input')],
  [
    /^(?:table|view|index) (.+) already exists$|^there is already an? (?:table|index|view) named (.+)$/,
    ([, name, other]) =>
      error('42P07', `relation "${(name ?? other ?? '').replaceAll('"', '')}" already exists`),
  ],
  [/UNIQUE constraint failed: (.+)$/, notUnique],
  [/^NOT NULL constraint failed: (.+)\.(.+)$/, isNull],
  [
    /^CHECK constraint failed: ([\s\S]+)$/,
    ([, name = ''], context) => {
      const table = target(context);
      return error('23514', `new row for relation "${table}" violates check constraint "${name}"`, {
        schema: 'public',
        table,
        constraint: name,
      });
    },
  ],
  [/^FOREIGN KEY constraint failed$/, foreignKey],
  [
    /^foreign key mismatch - "(.+)" referencing "(.+)"$/,
    ([, , referenced]) =>
      error(
        '42830',
        `there is no unique constraint matching given keys for referenced table "${referenced}"`,
      ),
  ],
  [
    /^constraint failed$/,
    (_found, context) => {
      const column = /ALTER COLUMN "?(\w+)"? SET NOT NULL/.exec(
        context.translation?.sql.join(';') ?? '',
      )?.[1];
      const table = target(context);
      if (column !== undefined)
        return error('23502', `column "${column}" of relation "${table}" contains null values`);
      return error('23514', `check constraint of relation "${table}" is violated by some row`);
    },
  ],
  [/^constraint (.+) already exists$/, ([, name]) => error('42710', `constraint "${name}" already exists`)],
  [
    /^no such constraint: (.+)$/,
    ([, name], context) =>
      error('42704', `constraint "${name}" of relation "${target(context)}" does not exist`),
  ],
  [
    /^duplicate column name: (.+)$/,
    ([, name]) => error('42701', `column "${name}" specified more than once`),
  ],
  [/^use DROP TABLE to delete table (.+)$/, ([, name]) => error('42809', `"${name}" is not a view`)],
  [/^use DROP VIEW to delete view (.+)$/, ([, name]) => error('42809', `"${name}" is not a table`)],
  [/^cannot modify (.+) because it is a view$/, ([, name]) => error('55000', `cannot change view "${name}"`)],
  [
    /^table (\S+) has (\d+) columns but (\d+) values were supplied$/,
    ([, , columns, values]) =>
      error('42601', Number(values) > Number(columns) ? moreExpressions : moreTargets),
  ],
  [
    /^(\d+) values for (\d+) columns$/,
    ([, values, columns]) => error('42601', Number(values) > Number(columns) ? moreExpressions : moreTargets),
  ],
  [
    /^\d+(?:st|nd|rd|th) (ORDER|GROUP) BY term out of range/,
    ([, clause], { statement: { source, tokens } }) => {
      const by = tokens.findLastIndex(
        ({ value }, index) => value === 'by' && tokens[index - 1]?.value === clause?.toLowerCase(),
      );
      const token = tokens.slice(by).find(({ kind }) => kind === 'number');
      const details = token === undefined ? {} : { position: positionAt(source, token.start) };
      return error('42P10', `${clause} BY position ${token?.value ?? ''} is not in select list`, details);
    },
  ],
  [
    /^SELECTs to the left and right of (UNION|INTERSECT|EXCEPT)/,
    ([, operator]) => error('42601', `each ${operator} query must have the same number of columns`),
  ],
  [
    /^sub-select returns \d+ columns - expected 1$/,
    () => error('42601', 'subquery must return only one column'),
  ],
  [
    /^all VALUES must have the same number of terms$/,
    () => error('42601', 'VALUES lists must all be the same length'),
  ],
  [/^no tables specified$/, () => error('42601', 'SELECT * with no tables specified is not valid')],
  [
    /^misuse of window function (.+)$/,
    ([, name]) => error('42P20', `window functions are not allowed here: ${name}`),
  ],
  [/^misuse of aggregate/, () => error('42803', 'aggregate functions are not allowed here')],
  [
    /^ON CONFLICT clause does not match/,
    () => error('42P10', 'there is no unique or exclusion constraint matching the ON CONFLICT specification'),
  ],
  [
    /^cannot join using column (.+) - column not present in both tables$/,
    ([, name]) => error('42703', `column "${name}" specified in USING clause does not exist in left table`),
  ],
  [/^no such savepoint: (.+)$/, ([, name]) => error('3B001', `savepoint "${name}" does not exist`)],
  [/^integer overflow$/, () => error('22003', 'bigint out of range')],
  [/^malformed JSON$/, () => error('22P02', 'invalid input syntax for type json')],
  [
    /^DISTINCT aggregates must have exactly one argument/,
    () => error('0A000', 'an aggregate with DISTINCT and several arguments is not supported'),
  ],
  [
    /^Cannot add a NOT NULL column/,
    (_found, context) =>
      error('23502', `a column that is added to relation "${target(context)}" contains null values`, {
        hint: 'Give the column a DEFAULT.',
      }),
  ],
  [
    /^Cannot add a /,
    ([cannot], { translation }) =>
      error('0A000', `${translation?.sql.at(-1) ?? cannot} is not supported`, {
        hint: 'SQLite adds only columns with a constant default and no key.',
      }),
  ],
  [
    /^(?:Expression tree is too large|parser stack overflow|too many levels of)/,
    () => error('54001', 'stack depth limit exceeded'),
  ],
  [
    /^too many (?:columns|terms|SQL variables|arguments)/,
    ([found]) => error('54000', `${found}: more than SQLite allows`),
  ],
  [/^(?:string or blob too big|LIKE or GLOB pattern too complex)$/, ([found]) => error('54000', found)],
  [/^datatype mismatch$/, () => error('22P02', 'a value is not of the type that is wanted here')],
  [/^variable number must be/, () => error('42P02', 'there is no such parameter')],
];

const moreExpressions = 'INSERT has more expressions than target columns';
const moreTargets = 'INSERT has more target columns than expressions';
