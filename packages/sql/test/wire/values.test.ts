import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SqlError } from '../../src/sql-error.ts';
import { typeOfDeclared } from '../../src/types/declared-type.ts';
import type { Value } from '../../src/types/pg-type.ts';
import { type FormatCode, oids, type PgType, pgType, type TypeName } from '../../src/types/pg-type.ts';
import { valueOfText } from '../../src/types/value-input.ts';
import { textFormat } from '../../src/types/value-text.ts';
import { BoundParameters } from '../../src/wire/bound-parameters.ts';
import { ByteWriter } from '../../src/wire/byte-writer.ts';
import { binaryFormat } from '../../src/wire/value-binary.ts';
import { parameterValue } from '../../src/wire/value-parameter.ts';

type Present = Exclude<Value, null>;

const text = (type: PgType, value: Present) => textFormat(type)(value);

function binary(type: PgType, value: Present): Buffer {
  const out = new ByteWriter();
  binaryFormat(type)(out, value);
  return out.take();
}

function bound(bytes: Buffer, format: FormatCode, oid: number): Value {
  return parameterValue(new BoundParameters(bytes, [format], [0, bytes.length]), 0, oid);
}

/** A type as it is declared, what a client writes, what PostgreSQL 15 answers in text and, in hexadecimal, in binary. */
const answers: [declared: string, input: string, text: string, binary: string][] = [
  ['bool', 'yes', 't', '01'],
  ['bool', 'of', 'f', '00'],
  ['smallint', '-2', '-2', 'fffe'],
  ['int', '2147483647', '2147483647', '7fffffff'],
  ['bigint', '9007199254740993', '9007199254740993', '0020000000000001'],
  ['bigint', '-9223372036854775808', '-9223372036854775808', '8000000000000000'],
  ['oid', '4294967295', '4294967295', 'ffffffff'],
  ['float8', '0.1', '0.1', '3fb999999999999a'],
  ['float8', '1e15', '1e+15', '430c6bf526340000'],
  ['float8', '100000000000000', '100000000000000', '42d6bcc41e900000'],
  ['float8', '0.00001', '1e-05', '3ee4f8b588e368f1'],
  ['float8', '-29886642151021370', '-2.9886642151021368e+16', 'c35a8b6f883c36ce'],
  ['float8', '-0', '-0', '8000000000000000'],
  ['float8', '-inf', '-Infinity', 'fff0000000000000'],
  ['float4', '1067350.25', '1.0673502e+06', '49824ab2'],
  ['float4', '0.1', '0.1', '3dcccccd'],
  [
    'numeric',
    '12345678901234567890.0010',
    '12345678901234567890.0010',
    '000600040000000404d2162e23340d801ed2000a',
  ],
  ['numeric(8,2)', '8.1', '8.10', '00020000000000020008' + '03e8'],
  ['numeric(13,8)', '10000', '10000.00000000', '00010001000000080001'],
  ['numeric', '1e-6', '0.000001', '0001fffe000000060064'],
  ['numeric', 'NaN', 'NaN', '00000000c0000000'],
  ['text', 'señal', 'señal', '7365c3b1616c'],
  ['varchar(3)', '', '', ''],
  ['bytea', '\\x00Ff', '\\x00ff', '00ff'],
  ['bytea', 'a\\\\\\001', '\\x615c01', '615c01'],
  ['date', '2000-02-29', '2000-02-29', '0000003b'],
  ['date', '1999-12-31', '1999-12-31', 'ffffffff'],
  ['date', 'infinity', 'infinity', '7fffffff'],
  ['time', '04:05:06.789', '04:05:06.789', '000000036c97ca88'],
  ['timestamp', '1995-01-01T12:43:19.340Z', '1995-01-01 12:43:19.34', 'ffff708dcf9fb7e0'],
  ['timestamptz', '1995-01-01 14:43:19.34+02', '1995-01-01 12:43:19.34+00', 'ffff708dcf9fb7e0'],
  ['timestamptz', '2000-01-01', '2000-01-01 00:00:00+00', '0000000000000000'],
  [
    'uuid',
    '{A0EEBC99-9c0b4ef8bb6d6bb9bd380a11}',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'a0eebc999c0b4ef8bb6d6bb9bd380a11',
  ],
  ['json', '{"a": 1}', '{"a": 1}', '7b2261223a20317d'],
  ['jsonb', '[1]', '[1]', '015b315d'],
  ['text[]', '{a,NULL}', '{a,NULL}', '0000000100000001000000190000000200000001' + '0000000161ffffffff'],
  ['int[]', '{}', '{}', '000000000000000000000017'],
];

for (const [declared, input, written, hex] of answers) {
  test(`the ${declared} ${JSON.stringify(input)} is written as PostgreSQL 15 writes it, in text and in binary`, () => {
    const type = typeOfDeclared(declared) as PgType;
    const value = valueOfText(input, type.oid) as Present;
    assert.equal(text(type, value), written);
    assert.equal(binary(type, value).toString('hex'), hex);
    const back = bound(Buffer.from(hex, 'hex'), 1, type.oid) as Present;
    assert.equal(text(type, back), written);
    assert.deepEqual(bound(Buffer.from(input), 0, type.oid), value);
  });
}

test('text that PostgreSQL understands as a date or a moment is kept in one form', () => {
  const kept = (text: string, name: TypeName) => bound(Buffer.from(text), 0, oids[name]);
  assert.equal(kept('Jan 5, 2020', 'date'), '2020-01-05');
  assert.equal(kept('20200105', 'date'), '2020-01-05');
  assert.equal(kept('2020-01-05T10:20Z', 'timestamp'), '2020-01-05 10:20:00');
  assert.equal(kept('2020-01-05T10:20:30.1234567-0330', 'timestamptz'), '2020-01-05 13:50:30.123457+00:00');
  assert.match(String(kept('now', 'timestamptz')), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*\+00:00$/);
});

const refused: [name: TypeName, input: string, sqlstate: string, message: RegExp][] = [
  ['int4', 'abc', '22P02', /^invalid input syntax for type integer: "abc"$/],
  ['int4', '', '22P02', /integer: ""/],
  ['int4', '2147483648', '22003', /^value "2147483648" is out of range for type integer$/],
  ['int2', '32768', '22003', /smallint/],
  ['int8', '9223372036854775808', '22003', /bigint/],
  ['float8', '1e999', '22003', /^"1e999" is out of range for type double precision$/],
  ['float8', '0x10', '22P02', /double precision/],
  ['numeric', '1.2.3', '22P02', /^invalid input syntax for type numeric/],
  ['bool', 'maybe', '22P02', /^invalid input syntax for type boolean: "maybe"$/],
  ['date', '2001-02-29', '22008', /^date\/time field value out of range: "2001-02-29"$/],
  ['date', 'tomorrowish', '22007', /^invalid input syntax for type date/],
  ['timestamp', '2001-01-01 25:00', '22008', /out of range/],
  ['uuid', 'a0eebc99', '22P02', /^invalid input syntax for type uuid/],
  ['json', '{', '22P02', /^invalid input syntax for type json$/],
  ['bytea', '\\x0', '22023', /odd number of digits/],
  ['bytea', '\\9', '22P02', /bytea/],
  ['text', 'a\0b', '22021', /^invalid byte sequence for encoding "UTF8": 0x00$/],
];

for (const [name, input, sqlstate, message] of refused) {
  test(`${JSON.stringify(input)} is no ${name}: ${sqlstate}`, () => {
    const refusal = (error: unknown) =>
      error instanceof SqlError && error.sqlstate === sqlstate && message.test(error.message);
    assert.throws(() => bound(Buffer.from(input), 0, oids[name]), refusal);
  });
}

test('a binary parameter of another size, and an array that is none, are refused', () => {
  const refusal = { sqlstate: '22P03', message: 'incorrect binary data format in bind parameter 1' };
  for (const oid of [
    oids.bool,
    oids.int2,
    oids.int4,
    oids.int8,
    oids.float8,
    oids.timestamptz,
    oids.uuid,
    1007,
  ]) {
    assert.throws(() => bound(Buffer.alloc(3), 1, oid), refusal);
  }
  assert.throws(() => bound(Buffer.alloc(9), 1, oids.numeric), { sqlstate: '22P03' });
  assert.throws(() => bound(Buffer.from([0xff]), 1, oids.text), { sqlstate: '22021' });
});

test('what is none of its column’s type is written in text as it is, and refused in binary', () => {
  const cases: [TypeName, Present, string, string][] = [
    ['int4', 'abc', 'abc', '22P02'],
    ['int4', 1.5, '1.5', '22P02'],
    ['int4', 4_294_967_296n, '4294967296', '22003'],
    ['int4', 4_294_967_296, '4294967296', '22003'],
    ['int8', 1e300, '1e+300', '22003'],
    ['float8', 'abc', 'abc', '22P02'],
    ['date', 'soon', 'soon', '22P02'],
    ['timestamp', 1_700_000_000n, '1700000000', '22P02'],
    ['bool', 'maybe', 'maybe', '22P02'],
    ['uuid', 'x', 'x', '22P02'],
    ['numeric', 'abc', 'abc', '22P02'],
  ];
  for (const [name, value, written, sqlstate] of cases) {
    assert.equal(text(pgType(oids[name]), value), written);
    assert.throws(() => binary(pgType(oids[name]), value), { sqlstate });
  }
});

test('values of other classes of storage have a form: blobs, numbers as text, text as bytes', () => {
  assert.equal(text(pgType(oids.text), Buffer.from([1])), '\\x01');
  assert.equal(text(pgType(oids.text), 5n), '5');
  assert.equal(text(pgType(oids.bytea), 'é'), '\\xc3a9');
  assert.equal(binary(pgType(oids.bytea), 'é').toString('hex'), 'c3a9');
  assert.equal(text(pgType(oids.uuid), Buffer.alloc(16, 1)), '01010101-0101-0101-0101-010101010101');
  assert.equal(text(pgType(oids.bool), 0), 'f');
  assert.equal(text(pgType(oids.float8), 10n), '10');
});

test('every whole number of 64 bits is the same after text and binary', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const type = pgType(oids.int8);
      assert.equal(bound(Buffer.from(text(type, value)), 0, oids.int8), value);
      assert.equal(bound(binary(type, value), 1, oids.int8), value);
    }),
  );
});

test('every number of 8 bytes is the same after text and binary', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const type = pgType(oids.float8);
      assert.ok(Object.is(bound(Buffer.from(text(type, value)), 0, oids.float8), value));
      assert.ok(Object.is(bound(binary(type, value), 1, oids.float8), value));
    }),
  );
});

test('every number of 4 bytes is the same after text', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      assert.ok(Object.is(Math.fround(Number(text(pgType(oids.float4), value))), value));
    }),
  );
});

test('every text is the same after text and binary', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (value) => {
      fc.pre(!value.includes('\0') && value.isWellFormed());
      const type = pgType(oids.text);
      assert.equal(bound(Buffer.from(text(type, value)), 0, oids.text), value);
      assert.equal(bound(binary(type, value), 1, oids.text), value);
    }),
  );
});

test('every moment is the same after text and binary, and keeps its order as text', () => {
  const moments = fc.date({
    min: new Date('0001-01-01T00:00Z'),
    max: new Date('9999-12-31T00:00Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(moments, moments, (one, other) => {
      const type = pgType(oids.timestamptz);
      const [a, b] = [one, other].map((each) => valueOfText(each.toISOString(), type.oid) as string);
      assert.equal(new Date((a as string).replace(' ', 'T')).getTime(), one.getTime());
      assert.equal(bound(binary(type, a as string), 1, type.oid), a);
      assert.equal(
        Math.sign(one.getTime() - other.getTime()),
        (a as string) < (b as string) ? -1 : a === b ? 0 : 1,
      );
    }),
  );
});

test('every numeric is the same after binary', () => {
  const digits = fc
    .stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,30})?$/)
    .filter((each) => !/^-0(\.0*)?$/.test(each));
  fc.assert(
    fc.property(digits, (value) => {
      const type = pgType(oids.numeric);
      const back = bound(binary(type, value), 1, type.oid) as Present;
      assert.equal(Number(text(type, back)), Number(value));
      if (typeof back === 'string') assert.equal(back, value);
    }),
  );
});

test('arrays of any texts are the same after binary', () => {
  const elements = fc.array(fc.option(fc.string({ maxLength: 8 }).filter((each) => !each.includes('\0'))), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(elements, (values) => {
      const quoted = values.map((each) => (each === null ? 'NULL' : `"${each.replace(/["\\]/g, '\\$&')}"`));
      const type = pgType(1009);
      const back = bound(binary(type, `{${quoted.join(',')}}`), 1, type.oid) as string;
      assert.deepEqual(binary(type, back), binary(type, `{${quoted.join(',')}}`));
    }),
  );
});
