import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerFormat, type Mode, type Row } from '../../src/lines/answer-format.ts';

function written(mode: Mode, columns: string[], ...pages: Row[][]): string {
  const format = answerFormat(mode, columns);
  return pages.map((page) => format.page(page)).join('') + format.end();
}

const columns = ['id', 'place', 'mag'];
const rows: Row[] = [
  [1, 'Northridge', 6.7],
  [9_007_199_254_740_993n, '日本, ñ', null],
  [3, 'a "b"\n', 1e300],
];

const answers: Record<Mode, string> = {
  table: `              id  place          mag
----------------  ----------  ------
               1  Northridge     6.7
9007199254740993  日本, ñ       NULL
               3  a "b"\\n     1e+300
(3 rows)
`,
  csv: 'id,place,mag\n1,Northridge,6.7\n9007199254740993,"日本, ñ",\n3,"a ""b""\n",1e+300\n',
  json: `[{"id":1,"place":"Northridge","mag":6.7},
{"id":9007199254740993,"place":"日本, ñ","mag":null},
{"id":3,"place":"a \\"b\\"\\n","mag":1e+300}]
`,
  lines: `   id = 1
place = Northridge
  mag = 6.7

   id = 9007199254740993
place = 日本, ñ
  mag = NULL

   id = 3
place = a "b"\\n
  mag = 1e+300
`,
};

for (const [mode, text] of Object.entries(answers) as [Mode, string][]) {
  test(`an answer in the mode ${mode}`, () => assert.equal(written(mode, columns, rows), text));
}

test('an answer without rows has its columns, in the modes that name them', () => {
  assert.equal(written('table', ['a', 'bc'], []), 'a  bc\n-  --\n(0 rows)\n');
  assert.equal(written('csv', ['a', 'bc'], []), 'a,bc\n');
  assert.equal(written('json', ['a', 'bc'], []), '[]\n');
  assert.equal(written('lines', ['a', 'bc'], []), '');
});

test('pages follow each other: the heading comes once, and a wider value makes later lines wider', () => {
  assert.equal(
    written('table', ['a', 'b'], [['x', 1]], [['wide', 22]]),
    'a  b\n-  -\nx  1\nwide  22\n(2 rows)\n',
  );
  assert.equal(written('csv', ['a'], [['x']], [['y']]), 'a\nx\ny\n');
  assert.equal(written('json', ['a'], [['x']], [], [['y']]), '[{"a":"x"},\n{"a":"y"}]\n');
  assert.equal(written('lines', ['a'], [['x']], [['y']]), 'a = x\n\na = y\n');
});

test('one long value does not make its whole column wide', () => {
  const [heading] = written(
    'table',
    ['a', 'b'],
    [
      ['x'.repeat(1_000), 'y'],
      ['z', 'y'],
    ],
  ).split('\n');
  assert.equal(heading, `a${' '.repeat(61)}b`);
});

test('control characters are made visible where people read, and kept where programs do', () => {
  const row: Row[] = [['\x1b[2J\x07\t\u009b', Buffer.from([1, 255])]];
  assert.match(written('table', ['a', 'b'], row), /^\\x1b\[2J\\x07\\t\\x9b {2}\\x01ff$/m);
  assert.match(written('lines', ['a', 'b'], row), /^a = \\x1b\[2J\\x07\\t\\x9b$/m);
  assert.equal(written('csv', ['a', 'b'], row), 'a,b\n\x1b[2J\x07\t\u009b,\\x01ff\n');
  assert.deepEqual(JSON.parse(written('json', ['a', 'b'], row)), [
    { a: '\x1b[2J\x07\t\u009b', b: '\\x01ff' },
  ]);
});

test('numbers that JSON has no word for are out of its range', () => {
  assert.equal(JSON.parse(written('json', ['a'], [[-Infinity]]))[0].a, -Infinity);
});
