import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classify } from '../../src/dialect/classify.ts';
import { translate } from '../../src/dialect/translate.ts';
import { splitStatements, statementText } from '../../src/parse/statements.ts';
import { tokenize } from '../../src/parse/tokens.ts';
import { SqlError } from '../../src/sql-error.ts';

const values = (sql: string) => tokenize(sql).map(({ kind, value }) => `${kind}:${value}`);

test('every kind of token is read as PostgreSQL reads it', () => {
  assert.deepEqual(values('Select "A""b", x1$ ñ'), [
    'word:select',
    'identifier:A"b',
    'punctuation:,',
    'word:x1$',
    'word:ñ',
  ]);
  assert.deepEqual(values("'it''s' E'a\\n\\x41\\u0042' $$a$b$$ $x$$$$x$ U&'\\0041'"), [
    "string:it's",
    'string:a\nAB',
    'string:a$b',
    'string:$$',
    'string:A',
  ]);
  assert.deepEqual(values("'a'\n  'b' 'c'"), ['string:ab', 'string:c']);
  assert.deepEqual(values('1.5e3 .5 1. 12 $12 a::b[1]'), [
    'number:1.5e3',
    'number:.5',
    'number:1.',
    'number:12',
    'parameter:12',
    'word:a',
    'punctuation:::',
    'word:b',
    'punctuation:[',
    'number:1',
    'punctuation:]',
  ]);
  assert.deepEqual(values('a->>b !~* c <= -1 @-'), [
    'word:a',
    'operator:->>',
    'word:b',
    'operator:!~*',
    'word:c',
    'operator:<=',
    'operator:-',
    'number:1',
    'operator:@-',
  ]);
  assert.deepEqual(values('1 /* a /* b */ c */ + -- d\n 2'), ['number:1', 'operator:+', 'number:2']);
});

test('statements are split at semicolons that are not inside of anything', () => {
  const text =
    "select ';'; ; select $$;$$ -- ;\n; create trigger a after insert on t begin select 1; end; select 3";
  assert.deepEqual(splitStatements(text).map(statementText), [
    "select ';'",
    'select $$;$$',
    'create trigger a after insert on t begin select 1; end',
    'select 3',
  ]);
});

const pieces = fc.constantFrom(
  ..."select from where ( ) [ ] , ; . : :: $1 $$ $a$ ' \" E' /* */ -- \n a \"b\" 1 1.5 = <> || -> ~ as in not and case when end over group by order limit any array row values union distinct cast interval 'x' * insert into update set delete create table alter drop index primary key references with recursive lateral constructor __proto__ 😀 ñ \\ `".split(
    ' ',
  ),
);
const nearlySql = fc.array(pieces, { maxLength: 40 }).map((tokens) => tokens.join(' '));

test('whatever is sent is translated or refused, and never anything else', () => {
  fc.assert(
    fc.property(fc.oneof(nearlySql, fc.string({ unit: 'binary' })), (text) => {
      try {
        for (const statement of splitStatements(text)) {
          classify(statement);
          translate(statement);
        }
      } catch (error) {
        assert.ok(error instanceof SqlError, `${text}: ${(error as Error).stack}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test('tokens stand in order where they say, and between them are only spaces and comments', () => {
  fc.assert(
    fc.property(nearlySql, (text) => {
      let tokens: ReturnType<typeof tokenize>;
      try {
        tokens = tokenize(text);
      } catch {
        return;
      }
      let at = 0;
      for (const { start, end } of tokens) {
        assert.ok(start >= at && end > start);
        assert.deepEqual(tokenize(text.slice(at, start)), []);
        at = end;
      }
    }),
  );
});

test('names and texts come back from quotes as they were', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      const [name] = tokenize(`"${text.replaceAll('"', '""')}"`);
      const [literal] = tokenize(`'${text.replaceAll("'", "''")}'`);
      assert.deepEqual([name?.value, literal?.value], [text, text]);
    }),
  );
});

const megabyte = 1_000_000;
const large: readonly (readonly [what: string, text: string])[] = [
  ['a list of numbers', `select * from t where a in (${'1,'.repeat(megabyte / 2)}1)`],
  ['a chain of operators', `select 1${'+1'.repeat(megabyte / 2)}`],
  ['a chain of casts', `select 1${'::int'.repeat(megabyte / 5)}`],
  ['one text', `select '${'x'.repeat(megabyte)}'`],
  ['a text of quotes', `select '${"''".repeat(megabyte / 2)}'`],
  ['semicolons', ';'.repeat(megabyte)],
  ['semicolons in a trigger', `create trigger a begin ${';'.repeat(megabyte)}`],
  ['comments', `select 1 ${'/* */'.repeat(megabyte / 5)}`],
  ['rows', `insert into t values ${'(1, 2),'.repeat(megabyte / 7)}(1, 2)`],
  ['columns', `select ${'a.b,'.repeat(megabyte / 4)}1 from a`],
  ['minus signs', `select ${'- '.repeat(megabyte / 2)}1`],
];

for (const [what, text] of large) {
  test(`a megabyte of ${what} is read`, () => {
    try {
      for (const statement of splitStatements(text)) translate(statement);
    } catch (error) {
      assert.ok(error instanceof SqlError);
    }
  });
}

for (const nested of ['(', 'case when ', 'not ', '- ', 'array[', 'f(', '(select (']) {
  test(`a statement that nests ${nested} without end is refused before any stack is full`, () => {
    const [statement] = splitStatements(`select ${nested.repeat(50_000)}`);
    assert.ok(statement !== undefined);
    assert.throws(
      () => translate(statement),
      (error) => error instanceof SqlError && error.sqlstate === '54001',
    );
  });
}
