import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { framesOf } from '@zocalo/test-support/frames-of.ts';
import { everySplit } from '@zocalo/test-support/pieces.ts';
import fc from 'fast-check';
import { FrameError, FrameTooLongError } from 'zocalo';
import { type Said, statementFraming } from '../../src/lines/statement-framing.ts';

const sql = (text: string): Said => ({ kind: 'statement', sql: text });
const command = (line: string): Said => ({ kind: 'command', line });
const unfinished: Said = { kind: 'unfinished' };

const trigger = `CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN
  INSERT INTO b VALUES (';end;'); -- end;
  UPDATE b SET x = CASE WHEN 1 THEN 2 END;
END;`;

const talks: [name: string, text: string, said: Said[]][] = [
  ['a statement', 'select 1;\n', [sql('select 1;')]],
  [
    'statements on one line',
    'select 1;select 2; select 3;',
    ['select 1;', 'select 2;', 'select 3;'].map(sql),
  ],
  ['a statement of several lines', '\n select\r\n 1\n;\n', [sql('select\r\n 1\n;')]],
  [
    'semicolons in quotes',
    `select ';', "a;b", [c;d], \`e;f\`, 'it''s;';`,
    [sql(`select ';', "a;b", [c;d], \`e;f\`, 'it''s;';`)],
  ],
  [
    'semicolons in comments',
    'select 1 -- one; two\n /* three; */ + 2;',
    [sql('select 1 -- one; two\n /* three; */ + 2;')],
  ],
  [
    'marks of comments in quotes',
    `select '--', "/*"; select 2;`,
    [sql(`select '--', "/*";`), sql('select 2;')],
  ],
  [
    'marks of comments that only look like some',
    'select 2*/*/;*/3; select /**/*/**/;',
    [sql('select 2*/*/;*/3;'), sql('select /**/*/**/;')],
  ],
  ['a minus twice, and a slash', 'select 1 - -1 / 2;', [sql('select 1 - -1 / 2;')]],
  ['nothing but semicolons', ';;\n ; select 1;', [sql('select 1;')]],
  [
    'comments before a statement and a command',
    '-- hello;\n.tables\n-- again\nselect 1;',
    [command('tables'), sql('select 1;')],
  ],
  ['commands', '.mode csv\r\n  .quit\nselect 1;', [command('mode csv'), command('quit'), sql('select 1;')]],
  ['a dot within a statement', 'select\n.5;', [sql('select\n.5;')]],
  ['a trigger', `${trigger}select 1;`, [sql(trigger), sql('select 1;')]],
  [
    'a trigger that is explained',
    `explain ${trigger}select 1;`,
    [sql(`explain ${trigger}`), sql('select 1;')],
  ],
  [
    'a table called trigger',
    'create table trigger(a); select 1;',
    [sql('create table trigger(a);'), sql('select 1;')],
  ],
  [
    'commands that end the connection',
    'EXIT\n quit\r\nsalir\nhelp\n',
    ['quit', 'quit', 'quit', 'help'].map(command),
  ],
  ['such a word within a statement', 'select\nexit\n;', [sql('select\nexit\n;')]],
  ['a statement that begins with such a word', 'exit now\n;', [sql('exit now\n;')]],
  ['text of many bytes', "select 'ñ🙂;' as ñ;", [sql("select 'ñ🙂;' as ñ;")]],
  ['a statement without its end', 'select 1; select 2', [sql('select 1;'), unfinished]],
  ['a quote without its end', "select 'a;\n", [unfinished]],
  ['comments at the end', 'select 1; -- that was all', [sql('select 1;')]],
  ['a command without its end', 'select 1;\n.quit', [sql('select 1;'), command('quit')]],
  ['a word without its end', 'exit', [command('quit')]],
  ['nothing', ' \r\n\t', []],
];

for (const [name, text, said] of talks) {
  test(`${name}: the same at every split`, () => {
    const bytes = Buffer.from(text);
    const splits = [[bytes], ...everySplit(bytes, 2), Array.from(bytes, (byte) => Buffer.from([byte]))];
    for (const pieces of splits.filter((each) => each.length > 0 && bytes.length > 0)) {
      const { frames, error } = framesOf(statementFraming(), pieces, { ended: true });
      assert.equal(error, undefined);
      assert.deepEqual(frames, said, pieces.map(String).join('|'));
    }
  });
}

test('a statement and a command over the limit end the conversation', () => {
  for (const text of [`select '${'x'.repeat(50)}';`, `select '${'x'.repeat(90)}`, `.${'x'.repeat(60)}`]) {
    const { error } = framesOf(statementFraming(40), [text]);
    assert.ok(error instanceof FrameTooLongError);
  }
  const { frames } = framesOf(statementFraming(40), [
    'select 1;\n'.repeat(100),
    ' \n'.repeat(100),
    '--\n'.repeat(100),
  ]);
  assert.equal(frames.length, 100);
});

test('text that is not UTF-8 ends the conversation', () => {
  const { error } = framesOf(statementFraming(), [Buffer.from("select '\xe9';", 'latin1')]);
  assert.ok(error instanceof FrameError);
  assert.equal(error.message, 'a statement is not UTF-8 text');
});

test('whatever is put together from pieces of SQL, SQLite sees one statement in each that is found', () => {
  using database = new DatabaseSync(':memory:');
  const piece = fc.constantFrom(
    "'a;b'",
    '"c;d"',
    '[e;f]',
    '-- g;\n',
    '/* h; */',
    'x',
    '1',
    ';',
    '\n',
    '*',
    '/',
    '-',
    "''",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const { frames } = framesOf(statementFraming(), [`select ${pieces.join(' ')};`]);
      for (const said of frames) {
        if (said.kind !== 'statement') continue;
        // What stands behind a statement's first semicolon is a second one, and SQLite reports where it is.
        const tail = said.sql.replace(/'[^']*'|"[^"]*"|\[[^\]]*\]|--[^\n]*\n|\/\*.*?\*\//gs, ' ');
        assert.equal(tail.indexOf(';'), tail.length - 1, said.sql);
        try {
          database.prepare(said.sql);
        } catch (error) {
          assert.doesNotMatch((error as Error).message, /incomplete|unrecognized token/, said.sql);
        }
      }
    }),
  );
});
