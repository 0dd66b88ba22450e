import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SqlError } from '../../src/sql-error.ts';
import type { Value } from '../../src/types/pg-type.ts';
import { oids, pgType } from '../../src/types/pg-type.ts';
import { reportOf } from '../../src/wire/error-report.ts';
import { ReplyWriter, rowWriter } from '../../src/wire/reply-writer.ts';
import { backendMessages, columnsOf } from './backend-messages.ts';

/** The bytes of one message as text; what is not printed is `\x00`. */
function shown(write: (out: ReplyWriter) => void): string {
  const out = new ReplyWriter();
  write(out);
  const hex = (char: string) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return out
    .take()
    .toString('latin1')
    .replace(/[^ -~]/g, hex)
    .replaceAll('\\x00', '·');
}

const messages: [name: string, write: (out: ReplyWriter) => void, bytes: string][] = [
  ['the refusal of encryption', (out) => out.refuseEncryption(), 'N'],
  ['AuthenticationOk', (out) => out.authenticationOk(), 'R···\\x08····'],
  ['AuthenticationCleartextPassword', (out) => out.authenticationCleartextPassword(), 'R···\\x08···\\x03'],
  ['AuthenticationSASL', (out) => out.authenticationSasl(['A', 'B']), 'R···\\x0d···\\x0aA·B··'],
  ['AuthenticationSASLContinue', (out) => out.authenticationSaslContinue('r=x'), 'R···\\x0b···\\x0br=x'],
  ['AuthenticationSASLFinal', (out) => out.authenticationSaslFinal('v=x'), 'R···\\x0b···\\x0cv=x'],
  [
    'NegotiateProtocolVersion',
    (out) => out.negotiateProtocolVersion(0, ['_pq_.x']),
    'v···\\x13·\\x03·····\\x01_pq_.x·',
  ],
  ['ParameterStatus', (out) => out.parameterStatus('TimeZone', 'UTC'), 'S···\\x11TimeZone·UTC·'],
  ['BackendKeyData', (out) => out.backendKeyData(258, -1), 'K···\\x0c··\\x01\\x02\\xff\\xff\\xff\\xff'],
  ['ReadyForQuery', (out) => out.readyForQuery('E'), 'Z···\\x05E'],
  ['CommandComplete', (out) => out.commandComplete('SELECT 1'), 'C···\\x0dSELECT 1·'],
  ['EmptyQueryResponse', (out) => out.emptyQueryResponse(), 'I···\\x04'],
  ['ParseComplete', (out) => out.parseComplete(), '1···\\x04'],
  ['BindComplete', (out) => out.bindComplete(), '2···\\x04'],
  ['CloseComplete', (out) => out.closeComplete(), '3···\\x04'],
  ['NoData', (out) => out.noData(), 'n···\\x04'],
  ['PortalSuspended', (out) => out.portalSuspended(), 's···\\x04'],
  ['ParameterDescription', (out) => out.parameterDescription([23, 0]), 't···\\x0e·\\x02···\\x17····'],
  ['CopyInResponse', (out) => out.copyInResponse(2), 'G···\\x0b··\\x02····'],
  ['CopyOutResponse', (out) => out.copyOutResponse(1), 'H···\\x09··\\x01··'],
  ['CopyData', (out) => out.copyData('a\n'), 'd···\\x06a\\x0a'],
  ['CopyDone', (out) => out.copyDone(), 'c···\\x04'],
  [
    'RowDescription',
    (out) =>
      out.rowDescription(
        [
          { name: 'é', type: pgType(oids.int4), tableId: 16_384, place: 1 },
          { name: 'b', type: pgType(oids.varchar, 24) },
        ],
        [1, 0],
      ),
    'T···/·\\x02\\xc3\\xa9···@··\\x01···\\x17·\\x04\\xff\\xff\\xff\\xff·\\x01b·········\\x04\\x13\\xff\\xff···\\x18··',
  ],
  [
    'DataRow',
    (out) =>
      out.dataRow([1, null, 'x'], rowWriter([pgType(oids.int4), pgType(oids.text), pgType(oids.text)], [1])),
    'D···\\x17·\\x03···\\x04···\\x01\\xff\\xff\\xff\\xff···\\x01x',
  ],
  [
    'ErrorResponse',
    (out) => {
      const details = {
        detail: 'd',
        hint: 'h',
        position: 8,
        schema: 's',
        table: 't',
        column: 'c',
        constraint: 'n',
      };
      out.error(reportOf(new SqlError('23505', 'no', details)));
    },
    'E···3SERROR·VERROR·C23505·Mno·Dd·Hh·P8·ss·tt·cc·nn··',
  ],
  [
    'NoticeResponse',
    (out) => out.notice({ severity: 'WARNING', sqlstate: '25P01', message: 'there is\0 none' }),
    'N···-SWARNING·VWARNING·C25P01·Mthere is none··',
  ],
];

for (const [name, write, bytes] of messages) {
  test(`${name} has the bytes of the protocol`, () => assert.equal(shown(write), bytes));
}

test('a reply is one piece, and does not change when the next one is written', () => {
  const out = new ReplyWriter();
  const kept: [Buffer, string][] = [];
  for (let i = 0; i < 200; i++) {
    for (let j = 0; j <= i; j++) out.commandComplete(`tag ${i} ${j}`);
    const reply = out.take();
    kept.push([reply, reply.toString('latin1')]);
  }
  for (const [i, [reply, was]] of kept.entries()) {
    assert.equal(reply.toString('latin1'), was);
    assert.equal(backendMessages(reply).length, i + 1);
  }
});

test('a row that cannot be written leaves nothing behind', () => {
  const out = new ReplyWriter();
  const columns = rowWriter([pgType(oids.text), pgType(oids.int4)], [0, 1]);
  out.bindComplete();
  assert.throws(() => out.dataRow(['long '.repeat(1_000), 'not a number'], columns), { sqlstate: '22P02' });
  out.commandComplete('SELECT 0');
  assert.deepEqual(
    backendMessages(out.take()).map(({ type }) => type),
    ['2', 'C'],
  );
});

test('whole numbers and texts of any size come out of a row as they went in', () => {
  const value = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.string({ unit: 'binary', maxLength: 100 }).filter((each) => each.isWellFormed()),
    fc.constantFrom('é'.repeat(20_000), 'x'.repeat(70_000), '🙂'.repeat(16)),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 5 }), { maxLength: 5 }), (rows: Value[][]) => {
      const out = new ReplyWriter();
      for (const row of rows) {
        const types = row.map((each) => pgType(typeof each === 'string' ? oids.text : oids.int8));
        out.dataRow(row, rowWriter(types));
      }
      const found = backendMessages(out.take()).map(({ body }) => columnsOf(body));
      assert.deepEqual(
        found.map((row) => row.map((each) => each?.toString() ?? null)),
        rows.map((row) => row.map((each) => (each === null ? null : String(each)))),
      );
    }),
  );
});
