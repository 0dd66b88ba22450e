import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { refusalCauses } from 'zocalo';
import { isExitCommand } from 'zocalo/service';
import { converse } from 'zocalo/testing';
import { lineDialect } from '../../src/lines/line-dialect.ts';
import { Table } from '../support/table.ts';

const talkTo = (quota?: number, table = new Table()) =>
  converse(lineDialect(table), quota === undefined ? {} : { quota });

const answers: Readonly<Record<string, string>> = {
  'A both.test': 'OK both.test A 60 192.0.2.1\nOK both.test A 60 192.0.2.2\n\n',
  'aaaa both.test': 'OK both.test AAAA 61 2001:db8::1\n\n',
  'A both.test.': 'OK both.test A 60 192.0.2.1\nOK both.test A 60 192.0.2.2\n\n',
  'both.test':
    'OK both.test A 60 192.0.2.1\nOK both.test A 60 192.0.2.2\nOK both.test AAAA 61 2001:db8::1\n\n',
  '  A \t four.test ': 'OK four.test A 62 192.0.2.4\n\n',
  'four.test': 'OK four.test A 62 192.0.2.4\n\n',
  'ANY four.test': 'OK four.test A 62 192.0.2.4\n\n',
  'AAAA four.test': 'NODATA four.test AAAA\n',
  'TXT four.test': 'NODATA four.test TXT\n',
  'texts.test': 'NODATA texts.test A,AAAA\n',
  'TXT texts.test': 'OK texts.test TXT 5 "a\\"b" "one\\0102"\n\n',
  'A none.test': 'NXDOMAIN none.test\n',
  'none.test': 'NXDOMAIN none.test\n',
  'PTR 192.0.2.1': 'OK 1.2.0.192.in-addr.arpa PTR 63 both.test.\n\n',
  '192.0.2.1': 'OK 1.2.0.192.in-addr.arpa PTR 63 both.test.\n\n',
  'PTR 1.2.0.192.in-addr.arpa': 'OK 1.2.0.192.in-addr.arpa PTR 63 both.test.\n\n',
  'PTR 192.0.2.7': 'NXDOMAIN 192.0.2.7\n',
  'PTR 2001:db8::7': 'NXDOMAIN 2001:db8::7\n',
  'A broken.test': 'FAIL broken.test nobody knows\n',
  'alias.test':
    'OK alias.test CNAME 9 both.test.\nOK both.test A 60 192.0.2.1\nOK both.test A 60 192.0.2.2\n' +
    'OK both.test AAAA 61 2001:db8::1\n\n',
  'A later.test': 'OK later.test A 60 192.0.2.1\nOK later.test A 60 192.0.2.2\n\n',
  'later.test':
    'OK later.test A 60 192.0.2.1\nOK later.test A 60 192.0.2.2\nOK later.test AAAA 61 2001:db8::1\n\n',
  '': 'ERR nothing was asked; write a name, or A name, AAAA name, PTR address, STATS, QUIT\n',
  A: 'ERR A of what? write A name\n',
  PTR: 'ERR PTR of what? write PTR address\n',
  'A both.test +norec': 'OK both.test A 60 192.0.2.1\nOK both.test A 60 192.0.2.2\n\n',
  'A both.test +nothing': 'ERR "+nothing" is no flag; there are +norec, +cd, +dnssec\n',
  'STATS +cd nonsense': 'ERR "nonsense" is no flag; there are +norec, +cd, +dnssec\n',
  'A dotted\\.name.test': 'NXDOMAIN dotted\\.name.test\n',
  'A one two': 'ERR a question is a type and a name, and has no third word: "two"\n',
  'B both.test':
    'ERR "B" is not a type that can be asked for; there are A, AAAA, PTR, ANY, CNAME, MX, NS, SOA, SRV, TXT\n',
  'A a..b': 'ERR "a..b" cannot be a name\n',
  'PTR both.test': 'ERR "both.test" is not an IP address\n',
  [`A ${'x'.repeat(64)}`]: `ERR "${'x'.repeat(64)}" cannot be a name\n`,
};

for (const [line, answer] of Object.entries(answers)) {
  test(`${JSON.stringify(line)} is answered`, async () => {
    const talk = talkTo();
    assert.equal(await talk.receive(), 'READY\n');
    talk.send(`${line}\r\n`);
    assert.equal(await talk.receive(), answer);
    assert.equal(talk.closed, undefined);
  });
}

test('every line counts for the quota, which is reported at the beginning and at the end', async () => {
  const talk = talkTo(3);
  assert.equal(await talk.receive(), 'READY quota=3\n');
  talk.send('A four.test\nA four.test\nnonsense one two\nA four.test\n');
  const four = 'OK four.test A 62 192.0.2.4\n\n';
  const invalid = 'ERR a question is a type and a name, and has no third word: "two"\n';
  assert.equal(await talk.receive(), `${four}${four}${invalid}BYE quota\n`);
  assert.equal(talk.closed, 'quota');
});

for (const goodbye of ['QUIT', 'quit', 'salir', 'SALIR', 'EXIT', 'exit', ' Exit ']) {
  test(`${goodbye} ends the conversation, and what follows is not answered`, async () => {
    const talk = talkTo();
    talk.send(`A later.test\n${goodbye}\nA four.test\n`);
    assert.match(await talk.receive(), /^READY\n(OK later.*\n){2}\nBYE quit\n$/);
    assert.equal(talk.closed, 'protocol');
  });
}

test('a type and a name are a question also when the name is that of a command', async () => {
  const talk = talkTo();
  talk.send('A quit\nA stats\n');
  assert.equal(await talk.receive(), 'READY\nNXDOMAIN quit\nNXDOMAIN stats\n');
});

test('STATS lists what was counted, and ends with an empty line', async () => {
  const talk = talkTo();
  talk.send('A four.test\nSTATS\n');
  const text = await talk.receive();
  assert.match(text, /\n\nSTAT hits 1\nSTAT active 1\nSTAT waiting 0\n\n$/);
});

test('the end is reported with its reason', async () => {
  const idle = converse(lineDialect(new Table()), { idleTimeoutMs: 1_000 });
  await idle.advance(1_000);
  assert.equal(await idle.receive(), 'READY\nBYE idle\n');
  const drained = talkTo();
  drained.send('A four.test\n');
  drained.drain();
  assert.match(await drained.receive(), /192\.0\.2\.4\n\nBYE drain\n$/);
});

test('a line that is too long, and one that is no text, end the conversation with a message', async () => {
  const long = talkTo();
  long.send('x'.repeat(2_000));
  assert.equal(await long.receive(), 'READY\nERR a line is longer than 1024 bytes\n');
  const binary = talkTo();
  binary.send(Buffer.from([0xff, 0xfe, 0x0a]));
  assert.equal(await binary.receive(), 'READY\nERR a line is not UTF-8 text\n');
});

test('a client that waits gets its place, and one that is refused the reason', () => {
  const { wait, refuse } = lineDialect(new Table());
  assert.equal(wait?.(2), 'WAIT 2\n');
  const busy = ['full', 'address', 'address-limit', 'no-worker'];
  for (const cause of refusalCauses)
    assert.equal(refuse?.(cause), busy.includes(cause) ? 'BUSY\n' : `BYE ${cause}\n`);
});

test('flags say how a question is asked', async () => {
  const table = new Table();
  const talk = talkTo(undefined, table);
  talk.send('four.test\nA four.test +norec\nA four.test +CD +dnssec\n192.0.2.1 +cd\n');
  await talk.receive();
  assert.deepEqual(
    table.allQueryFlags.map(({ recursion, checkingDisabled, dnssec }) => [
      recursion,
      checkingDisabled,
      dnssec,
    ]),
    [
      [true, false, false],
      [true, false, false],
      [false, false, false],
      [true, true, true],
      [true, true, false],
    ],
  );
});

test('an international name is asked for in its ASCII form', async () => {
  const table = new Table();
  const talk = talkTo(undefined, table);
  talk.send('A España.test\n');
  assert.equal(await talk.receive(), 'READY\nNXDOMAIN España.test\n');
  assert.deepEqual(table.asked, ['xn--espaa-rta.test 1']);
});

test('no octet of a name or of data begins a line of its own', async () => {
  const talk = talkTo();
  talk.send('A odd\u000b.test\nTXT texts.test\n');
  const lines = (await talk.receive()).split('\n');
  for (const line of lines) assert.match(line, /^(READY|ERR .*|OK [\x20-\x7e]*|)$/);
});

test('whatever is written, every line gets one answer that begins with a word of the grammar', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      ...Object.keys(answers),
      'STATS',
      'A ',
      ' PTR ::',
      'A .',
      'ANY .',
      'A \u0000',
      'MX *.test',
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 8 }), async (lines) => {
      const clean = lines
        .map((line) => line.replace(/[\r\n]/g, ''))
        .filter((line) => !isExitCommand(line.trim()));
      const talk = talkTo();
      talk.send(clean.map((line) => `${line}\n`).join(''));
      const [ready, ...answered] = (await talk.receive()).split(
        /(?<=^(?:NXDOMAIN|NODATA|FAIL|ERR|READY)(?: .*)?\n|^\n)/m,
      );
      assert.equal(ready, 'READY\n');
      assert.equal(talk.closed, undefined);
      assert.equal(answered.filter((answer) => answer !== '').length, clean.length);
      for (const answer of answered)
        assert.match(answer, /^((OK|STAT) .*\n)*(\n|(NXDOMAIN|NODATA|FAIL|ERR) .*\n)$/);
    }),
    { numRuns: 300 },
  );
});
