import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, framesOf, pieces } from '@zocalo/test-support/frames-of.ts';
import fc from 'fast-check';
import { byteLines, lines, type Protocol } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';

const [IAC, DONT, DO, WONT, WILL, SB, AYT, NOP, SE] = [255, 254, 253, 252, 251, 250, 246, 241, 240];
const [ECHO, SUPPRESS_GO_AHEAD, TERMINAL_TYPE, WINDOW_SIZE] = [1, 3, 24, 31];

const echo: Protocol<Buffer> = {
  name: 'echo',
  framing: byteLines({ telnet: true }),
  message: (line) => Buffer.concat([line, Buffer.from('\n')]),
};

/** What is answered to bytes that come in these pieces. */
async function answered(...all: (string | readonly number[])[]): Promise<Buffer> {
  const talk = converse(echo);
  for (const piece of all) talk.send(Buffer.from(piece as string));
  return talk.receiveBytes();
}

test('lines end with CR LF, CR NUL or LF', async () => {
  assert.equal((await answered('one\r\ntwo\r\0three\nfour')).toString(), 'one\ntwo\nthree\n');
  assert.equal((await answered('one\r', '\0two\r', '\nthree\r', 'x\n')).toString(), 'one\ntwo\nthree\rx\n');
});

test('every option that is asked for or offered is refused, and nothing else is answered', async () => {
  const said = [IAC, DO, ECHO, IAC, WILL, WINDOW_SIZE, IAC, DONT, ECHO, IAC, WONT, TERMINAL_TYPE, IAC, NOP];
  assert.deepEqual([...(await answered(said))], [IAC, WONT, ECHO, IAC, DONT, WINDOW_SIZE]);
});

test('the same option is refused each time', async () => {
  const refusal = [IAC, WONT, SUPPRESS_GO_AHEAD];
  const said = [IAC, DO, SUPPRESS_GO_AHEAD, IAC, DO, SUPPRESS_GO_AHEAD];
  assert.deepEqual([...(await answered(said))], [...refusal, ...refusal]);
});

test('commands in the midst of a line are taken out of it', async () => {
  const said = [0x61, IAC, NOP, 0x62, IAC, WONT, ECHO, 0x0d, IAC, NOP, 0x00, 0x63, 0x0a];
  assert.equal((await answered(said)).toString(), 'ab\nc\n');
});

test('a doubled 255 is a byte of 255', async () => {
  assert.deepEqual([...(await answered([0x61, IAC, IAC, 0x62, 0x0a]))], [0x61, 255, 0x62, 0x0a]);
});

test('subnegotiations are passed over, whatever is in them', async () => {
  const said = [IAC, SB, TERMINAL_TYPE, 0, 0x78, 0x0a, IAC, IAC, IAC, SE, 0x61, 0x0a];
  assert.equal((await answered(said)).toString(), 'a\n');
});

test('a subnegotiation whose end was forgotten ends with the next command', async () => {
  const said = [IAC, SB, WINDOW_SIZE, 0, 80, IAC, DO, ECHO, 0x61, 0x0a];
  const [refusal, line] = [[IAC, WONT, ECHO], [...Buffer.from('a\n')]];
  assert.deepEqual([...(await answered(said))], [...refusal, ...line]);
});

test('are you there is answered with something that can be seen', async () => {
  assert.equal((await answered([IAC, AYT])).toString(), '\r\n[yes]\r\n');
});

test('after an interrupt, whose mark is sent as urgent and so is missing, data is data', async () => {
  assert.equal((await answered([IAC, 0x61, 0x62, 0x0a])).toString(), 'ab\n');
});

test('refusals come between answers, and not inside one', async () => {
  const goOn = Promise.withResolvers<void>();
  async function* slow() {
    yield 'half ';
    await goOn.promise;
    yield 'whole\n';
  }
  const talk = converse({ name: 'slow', framing: lines({ telnet: true }), concurrency: 2, message: slow });
  talk.send('one\n');
  assert.equal(await talk.receive(), 'half ');
  talk.send(Uint8Array.of(IAC, DO, ECHO));
  assert.equal(await talk.receive(), '');
  goOn.resolve();
  assert.deepEqual(
    await talk.receiveBytes(),
    Buffer.concat([Buffer.from('whole\n'), Buffer.of(IAC, WONT, ECHO)]),
  );
});

test('without the option, lines are as they came', () => {
  const said = Buffer.from([0x61, IAC, NOP, 0x0d, 0x00, 0x0a]);
  assert.deepEqual(framesOf(byteLines(), [said]).frames, [said.subarray(0, -1)]);
});

test('text with a byte of 255 is no text', () => {
  assert.equal(framesOf(lines({ telnet: true }), [Buffer.of(IAC, IAC, 0x0a)]).closed, 'bad-frame');
});

/** Lines and answers by another way than the framing's: it sees the whole, and cuts what it knows from the front. */
function reference(bytes: Buffer): { lines: string[]; answers: string } {
  let rest = bytes.toString('latin1');
  let data = '';
  let answers = '';
  const cut = (pattern: RegExp): RegExpExecArray | null => {
    const found = pattern.exec(rest);
    if (found !== null) rest = rest.slice(found[0].length);
    return found;
  };
  while (rest !== '') {
    const command = cut(/^\xff[\xfb-\xfe](.?)/s);
    if (command !== null) {
      const [[, verb], option] = [command[0], command[1]];
      if (option !== '' && verb === '\xfd') answers += `\xff\xfc${option}`;
      if (option !== '' && verb === '\xfb') answers += `\xff\xfe${option}`;
    } else if (cut(/^\xff\xfa(?:[^\xff]|\xff\xff)*(?:\xff\xf0|\xff$|$)/) !== null) continue;
    // The end was forgotten: what follows is a command of its own.
    else if (cut(/^\xff\xfa(?:[^\xff]|\xff\xff)*(?=\xff)/) !== null) continue;
    else if (cut(/^\xff\xf6/) !== null) answers += '\r\n[yes]\r\n';
    else if (cut(/^\xff([\xec-\xfa]|$)/) !== null) continue;
    else data += cut(/^\xff?(.)/s)?.[1];
  }
  const found = data.replaceAll('\r\0', '\r\n').split('\n').slice(0, -1);
  return { lines: found.map((line) => line.replace(/\r$/, '')), answers };
}

test('however the bytes are split, lines and answers are the same', async () => {
  const alphabet = bytesOf(IAC, IAC, SB, SE, DO, WILL, WONT, NOP, AYT, 0x61, 0x62, 0x0d, 0x0a, 0x00, ECHO);
  await fc.assert(
    fc.asyncProperty(pieces(alphabet), async ({ bytes, pieces }) => {
      const expected = reference(bytes);
      const got: string[] = [];
      const talk = converse({
        name: 'telnet',
        framing: byteLines({ telnet: true }),
        message: (line): void => {
          got.push(line.toString('latin1'));
        },
      });
      for (const piece of pieces) talk.send(piece);
      assert.equal((await talk.receiveBytes()).toString('latin1'), expected.answers);
      assert.deepEqual(got, expected.lines);
    }),
    { numRuns: 1_000 },
  );
});

test('at every split of a conversation of a real client, byte by byte as well', async () => {
  const opening = [IAC, DO, SUPPRESS_GO_AHEAD, IAC, WILL, TERMINAL_TYPE, IAC, WILL, WINDOW_SIZE];
  const said = Buffer.from([
    ...opening,
    ...Buffer.from('hola\r\0'),
    ...[IAC, SB, WINDOW_SIZE, 0, 80, 0, 24, IAC, SE],
    ...Buffer.from('adiós\r\n'),
  ]);
  const whole = await answered([...said]);
  for (let cut = 1; cut < said.length; cut++) {
    assert.deepEqual(await answered([...said.subarray(0, cut)], [...said.subarray(cut)]), whole);
  }
  assert.deepEqual(await answered(...[...said].map((byte) => [byte])), whole);
});

test('a subnegotiation without end is a frame that is too long', () => {
  const framing = lines({ telnet: true, maxLength: 1_000 });
  const endless = [
    Buffer.of(IAC, SB, TERMINAL_TYPE),
    ...Array.from({ length: 20 }, () => Buffer.alloc(100, 'x')),
  ];
  assert.equal(framesOf(framing, endless).closed, 'frame-too-long');
  assert.equal(framesOf(framing, [Buffer.concat(endless)]).closed, 'frame-too-long');
  const escaped = Buffer.concat([Buffer.of(IAC, SB), Buffer.alloc(10_000, IAC)]);
  assert.equal(framesOf(framing, [escaped]).closed, 'frame-too-long');
});

test('commands without end are dropped as they come, and a line without end is too long beside them', () => {
  const talk = converse({ ...echo, framing: byteLines({ telnet: true, maxLength: 1_000 }) });
  const nothing = Buffer.alloc(65_536, Buffer.of(IAC, NOP));
  for (let i = 0; i < 100; i++) talk.send(nothing);
  assert.equal(talk.closed, undefined);
  assert.equal(talk.unread, 0);
  const mixed = Buffer.alloc(65_536, Buffer.of(IAC, NOP, 0x61));
  talk.send(mixed);
  assert.equal(talk.closed, 'frame-too-long');
});

test('a client that asks for options without end and does not read costs itself the connection', async () => {
  const messages: string[] = [];
  const talk = converse(
    {
      ...echo,
      message(line): void {
        messages.push(String(line));
      },
      close(): void {
        messages.push('closed');
      },
    },
    { maxUnsolicited: 10_000 },
  );
  talk.stopReading();
  for (let i = 0; i < 100; i++)
    talk.send(Buffer.concat([Buffer.alloc(3_000, Buffer.of(IAC, DO, ECHO)), Buffer.from('line\n')]));
  await talk.settle();
  assert.equal(talk.closed, 'overflow');
  // Its last line came with the bytes that were too much.
  assert.equal(messages.at(-1), 'closed');
});

test('telnet goes with the ending any alone', () => {
  for (const ending of ['lf', 'crlf', 'strict-crlf'] as const) {
    assert.throws(() => lines({ telnet: true, ending }), {
      code: 'ERR_OPTION',
      message: `lines: with telnet a line ends with CR LF, CR NUL or LF: leave out the ending ${ending}`,
    });
  }
  assert.throws(() => lines({ telnet: 'yes' as unknown as boolean }), /telnet must be true or false/);
});
