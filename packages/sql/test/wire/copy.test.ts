import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everySplit } from '@zocalo/test-support/pieces.ts';
import fc from 'fast-check';
import { SqlError } from '../../src/sql-error.ts';
import { type CopyFormat, type CopyOptions, copyFormat } from '../../src/wire/copy-format.ts';
import { CopyReader, type CopyRow } from '../../src/wire/copy-reader.ts';
import { copyHeader, copyLines } from '../../src/wire/copy-writer.ts';

const defaults: CopyOptions = {
  format: 'text',
  delimiter: undefined,
  null: undefined,
  header: false,
  quote: undefined,
  escape: undefined,
  forceQuote: [],
  forceNotNull: [],
  forceNull: [],
  encoding: undefined,
};

const format = (options: Partial<CopyOptions> = {}, columns = ['a', 'b']) =>
  copyFormat({ ...defaults, ...options }, columns);

function written(rows: readonly CopyRow[], as: CopyFormat): string {
  return (as.header ? copyHeader(as) : '') + rows.map(copyLines(as)).join('');
}

function read(pieces: readonly (string | Buffer)[], as: CopyFormat, maxLine?: number): CopyRow[] {
  const reader = new CopyReader(as, 't', maxLine);
  const rows = pieces.flatMap((piece) => reader.push(Buffer.from(piece)));
  return [...rows, ...reader.end()];
}

const rows: CopyRow[] = [
  ['tab\there', null],
  ['', 'back\\slash'],
  ['x\ny\r', '\\N'],
  ['é,"q"', '\\.'],
  ['plain', ' s '],
];

/** What PostgreSQL 15 answers to COPY … TO STDOUT of these rows. */
const answers: [name: string, Partial<CopyOptions>, text: string][] = [
  ['text', {}, 'tab\\there\t\\N\n\tback\\\\slash\nx\\ny\\r\t\\\\N\né,"q"\t\\\\.\nplain\t s \n'],
  [
    'text with a comma, a header and nothing for NULL',
    { delimiter: ',', null: '', header: true },
    'a,b\ntab\\there,\n,back\\\\slash\nx\\ny\\r,\\\\N\né\\,"q",\\\\.\nplain, s \n',
  ],
  ['csv', { format: 'csv' }, 'tab\there,\n"",back\\slash\n"x\ny\r",\\N\n"é,""q""",\\.\nplain, s \n'],
  [
    'csv with every option',
    { format: 'csv', header: true, delimiter: '|', null: 'nil', quote: "'", escape: '\\', forceQuote: ['b'] },
    "a|b\ntab\there|nil\n|'back\\\\slash'\n'x\ny\r'|'\\\\N'\né,\"q\"|'\\\\.'\nplain|' s '\n",
  ],
];

for (const [name, options, text] of answers) {
  test(`COPY in ${name} is written as PostgreSQL 15 writes it, and read at every split`, () => {
    assert.equal(written(rows, format(options)), text);
    const kept = options.null === '' ? rows.map((row) => row.map((field) => field || null)) : rows;
    for (const pieces of [1, 2].flatMap((count) => everySplit(Buffer.from(text), count))) {
      assert.deepEqual(read(pieces, format(options)), kept);
    }
    assert.deepEqual(
      read(
        Array.from(Buffer.from(text), (byte) => Buffer.from([byte])),
        format(options),
      ),
      kept,
    );
  });
}

test('a value that looks like the end of the data is in quotes where it stands alone', () => {
  const one = format({ format: 'csv' }, ['a']);
  assert.equal(written([['\\.'], ['x']], one), '"\\."\nx\n');
});

test('rows of any texts and NULL are the same after text and csv, in pieces of any size', () => {
  const field = fc.option(fc.string({ unit: fc.constantFrom(...'ab\\N.",\'\t\n\r|\b\x01é🙂 x0') }));
  const table = fc.array(fc.tuple(field, field), { maxLength: 6 });
  const option = fc.constantFrom<Partial<CopyOptions>>(
    ...answers.map(([, options]) => ({ ...options, null: undefined })),
  );
  fc.assert(
    fc.property(table, option, fc.integer({ min: 1, max: 9 }), (expected, options, size) => {
      // In csv an ending of CR LF in the first line makes one of every line: only in quotes it is data.
      const bytes = Buffer.from(written(expected, format(options)));
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      assert.deepEqual(read(pieces, format(options)), expected);
    }),
    { numRuns: 500 },
  );
});

test('lines end with LF, or all with CR LF; the last may have no ending; nothing behind the mark of the end is read', () => {
  assert.deepEqual(read(['1\t2\r\n3\t4\r\n\\.\r\nrest'], format()), [
    ['1', '2'],
    ['3', '4'],
  ]);
  assert.deepEqual(read(['1,2\r\n3,"4\r\n"'], format({ format: 'csv' })), [
    ['1', '2'],
    ['3', '4\r\n'],
  ]);
  assert.deepEqual(read(['1\t2\n\\.\n', 'a\tb\tc\n'], format()), [['1', '2']]);
  assert.deepEqual(read(['1\t2\n\\.'], format()), [['1', '2']]);
});

test('escapes of bytes, of letters and of line endings are undone', () => {
  assert.deepEqual(read(['\\x41\\101\\303\\251\t\\q\\\\\\\n\n'], format()), [['AAé', 'q\\\n']]);
  assert.throws(() => read(['\\377\tx\n'], format()), { sqlstate: '22021' });
});

test('in csv NULL is what has no quotes, unless forced otherwise', () => {
  const csv = { format: 'csv' } as const;
  assert.deepEqual(read([',""\n'], format(csv)), [[null, '']]);
  assert.deepEqual(read([',""\n'], format({ ...csv, forceNotNull: ['a'], forceNull: ['b'] })), [['', null]]);
  assert.deepEqual(read(['x"y"z,NULL\n'], format({ ...csv, null: 'NULL' })), [['xyz', null]]);
});

const refused: [
  name: string,
  text: string,
  Partial<CopyOptions>,
  sqlstate: string,
  message: string,
  where: string,
][] = [
  ['a field too few', '1\t2\n3\n', {}, '22P04', 'missing data for column "b"', 'COPY t, line 2: "3"'],
  [
    'a field too many',
    '1\t2\t3\n',
    {},
    '22P04',
    'extra data after last expected column',
    'COPY t, line 1: "1\t2\t3"',
  ],
  [
    'a quote without its end',
    'a,"b\n',
    { format: 'csv' },
    '22P04',
    'unterminated CSV quoted field',
    'COPY t, line 1',
  ],
  [
    'a CR where lines end with LF',
    '1\t2\n3\t4\r\n',
    {},
    '22P04',
    'literal carriage return found in data',
    'COPY t, line 2',
  ],
];

for (const [name, text, options, sqlstate, message, where] of refused) {
  test(`${name} is refused, with the line`, () => {
    const refusal = (error: unknown) => {
      assert.ok(error instanceof SqlError);
      assert.deepEqual([error.sqlstate, error.message, error.details.where], [sqlstate, message, where]);
      return true;
    };
    assert.throws(() => read([text], format(options)), refusal);
  });
}

test('bytes that are not UTF-8 and lines over the limit are refused', () => {
  assert.throws(() => read([Buffer.from('\xe9\tx\n', 'latin1')], format()), { sqlstate: '22021' });
  assert.throws(() => read(['12345678901'], format(), 10), {
    sqlstate: '54000',
    message: /longer than 10 bytes/,
  });
  assert.throws(() => read(['1,"4567', '8901'], format({ format: 'csv' }), 10), { sqlstate: '54000' });
});

const options: [Partial<CopyOptions>, sqlstate: string, message: RegExp][] = [
  [{ format: 'binary' }, '0A000', /binary/],
  [{ delimiter: '::' }, '0A000', /^COPY delimiter must be a single one-byte character$/],
  [{ delimiter: '\n' }, '22023', /newline/],
  [{ delimiter: 'a' }, '22023', /^COPY delimiter cannot be "a"$/],
  [{ null: 'a\tb' }, '22023', /must not appear in the NULL/],
  [{ null: '\n' }, '22023', /null representation/],
  [{ quote: "'" }, '0A000', /^COPY quote available only in CSV mode$/],
  [{ forceNull: ['a'] }, '0A000', /only in CSV mode/],
  [{ format: 'csv', quote: ',' }, '22023', /must be different/],
  [{ format: 'csv', quote: '""' }, '0A000', /quote must be a single/],
  [{ format: 'csv', null: '"' }, '22023', /CSV quote character/],
  [{ format: 'csv', forceQuote: ['c'] }, '42703', /^FORCE_QUOTE column "c" not referenced by COPY$/],
  [{ encoding: 'LATIN1' }, '0A000', /LATIN1/],
];

for (const [given, sqlstate, message] of options) {
  test(`COPY with ${JSON.stringify(given)} is refused`, () => {
    assert.throws(() => format(given), { sqlstate, message });
  });
}
