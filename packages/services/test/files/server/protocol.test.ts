import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { after, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { everySplit } from '@zocalo/test-support/pieces.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import fc from 'fast-check';
import { serve } from 'zocalo';
import files from '../../../src/files/server/files.ts';
import { sliceModes } from '../../../src/files/server/slices.ts';
import { answerTo, bodyOf, openIn, SharedFolder, talkAbout, variedBytes } from './support.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const content = variedBytes(200_000);
const folder = new SharedFolder({
  'a.txt': 'hello',
  empty: '',
  bytes: everyByte,
  large: content,
  '-_.': 'x',
});
after(() => folder[Symbol.dispose]());

const NO_SUCH_COMMAND = /^200 [^\r\n]+\r\n$/;
const BAD_ARGUMENTS = /^201 [^\r\n]+\r\n$/;
const NO_SUCH_FILE = /^202 [^\r\n]+\r\n$/;
const BEYOND = /^203 [^\r\n]+\r\n$/;
const OTHER_VERSION = /^204 [^\r\n]+\r\n$/;
const NO_VERSION = '0'.repeat(32);

/** Requests that are answered in one line, after which the conversation goes on. */
const refused: [request: string, answer: RegExp][] = [
  ['foo', NO_SUCH_COMMAND],
  ['Quit', NO_SUCH_COMMAND],
  ['GET_FILE_LISTING', NO_SUCH_COMMAND],
  [' quit', NO_SUCH_COMMAND],
  [' ', NO_SUCH_COMMAND],
  ['\rquit', NO_SUCH_COMMAND],
  ['quit\0', NO_SUCH_COMMAND],
  ['get_slice\ta.txt\t0\t1', NO_SUCH_COMMAND],
  ['quit now', BAD_ARGUMENTS],
  ['quit ', BAD_ARGUMENTS],
  ['help me', BAD_ARGUMENTS],
  ['get_file_listing .', BAD_ARGUMENTS],
  ['get_metadata', BAD_ARGUMENTS],
  ['get_metadata ', BAD_ARGUMENTS],
  ['get_metadata a.txt ', BAD_ARGUMENTS],
  ['get_metadata  a.txt', BAD_ARGUMENTS],
  ['get_metadata a.txt b', BAD_ARGUMENTS],
  ['get_metadata .', BAD_ARGUMENTS],
  ['get_metadata ..', BAD_ARGUMENTS],
  ['get_metadata /etc/passwd', BAD_ARGUMENTS],
  ['get_metadata ../a.txt', BAD_ARGUMENTS],
  ['get_metadata ./a.txt', BAD_ARGUMENTS],
  ['get_metadata %2e%2e%2fa.txt', BAD_ARGUMENTS],
  ['get_metadata a\\b', BAD_ARGUMENTS],
  ['get_metadata a.txt\0', BAD_ARGUMENTS],
  ['get_metadata a\0.txt', BAD_ARGUMENTS],
  ['get_metadata \xc3\xb1', BAD_ARGUMENTS],
  ['get_metadata a\rb', BAD_ARGUMENTS],
  ['get_metadata nobody', NO_SUCH_FILE],
  ['get_metadata ...', NO_SUCH_FILE],
  ['get_metadata A.TXT', NO_SUCH_FILE],
  [`get_metadata ${'x'.repeat(255)}`, NO_SUCH_FILE],
  [`get_metadata ${'x'.repeat(256)}`, NO_SUCH_FILE],
  ['get_slice', BAD_ARGUMENTS],
  ['get_slice a.txt', BAD_ARGUMENTS],
  ['get_slice a.txt 0', BAD_ARGUMENTS],
  ['get_slice a.txt 0 ', BAD_ARGUMENTS],
  ['get_slice a.txt  0 1', BAD_ARGUMENTS],
  ['get_slice a.txt -1 1', BAD_ARGUMENTS],
  ['get_slice a.txt 0 -1', BAD_ARGUMENTS],
  ['get_slice a.txt +1 1', BAD_ARGUMENTS],
  ['get_slice a.txt 1.0 1', BAD_ARGUMENTS],
  ['get_slice a.txt 0x1 1', BAD_ARGUMENTS],
  ['get_slice a.txt 1e0 1', BAD_ARGUMENTS],
  ['get_slice a.txt one 1', BAD_ARGUMENTS],
  ['get_slice a.txt 0 1 RAW', BAD_ARGUMENTS],
  ['get_slice a.txt 0 1 base64', BAD_ARGUMENTS],
  ['get_slice a.txt 0 1 ', BAD_ARGUMENTS],
  ['get_slice a.txt 0 1 raw raw', BAD_ARGUMENTS],
  ['get_slice nobody 0 x', BAD_ARGUMENTS],
  ['get_slice .. 0 1', BAD_ARGUMENTS],
  ['get_slice nobody 0 1', NO_SUCH_FILE],
  ['get_slice nobody 9 9 raw', NO_SUCH_FILE],
  ['get_slice a.txt 0 6', BEYOND],
  ['get_slice a.txt 6 0', BEYOND],
  ['get_slice a.txt 5 1 raw', BEYOND],
  ['get_slice a.txt 99999999999999999999999999 1', BEYOND],
  ['get_slice a.txt 0 9007199254740993', BEYOND],
  ['get_slice empty 0 1', BEYOND],
  ['get_file_listing FULL', BAD_ARGUMENTS],
  ['get_file_listing full full', BAD_ARGUMENTS],
  ['get_metadata a.txt full full', BAD_ARGUMENTS],
  ['get_metadata nobody full', NO_SUCH_FILE],
  ['get_slice a.txt 0 5 SHA256', BAD_ARGUMENTS],
  [`get_slice a.txt 0 5 sha256 ${NO_VERSION}`, BAD_ARGUMENTS],
  [`get_slice a.txt 0 5 ${NO_VERSION}`, BAD_ARGUMENTS],
  [`get_slice a.txt 0 5 raw ${NO_VERSION} x`, BAD_ARGUMENTS],
  ['get_slice nobody 0 5 sha256', NO_SUCH_FILE],
  [`get_slice nobody 0 5 raw ${NO_VERSION}`, NO_SUCH_FILE],
  ['get_slice a.txt 0 6 sha256', BEYOND],
  [`get_slice a.txt 0 5 raw ${NO_VERSION}`, OTHER_VERSION],
  [`get_slice a.txt 0 6 raw ${NO_VERSION}`, OTHER_VERSION],
];

for (const [request, answer] of refused) {
  const shown = JSON.stringify(
    request.length > 60 ? `${request.slice(0, 20)}… of ${request.length}` : request,
  );
  test(`${shown} is answered ${answer.source.slice(1, 4)}, and the conversation goes on`, async () => {
    const { text, closed } = await answerTo(
      folder,
      Buffer.from(`${request}\r\nget_metadata empty\r\n`, 'latin1'),
    );
    const end = '0 OK\r\n0\r\n';
    assert.ok(text.endsWith(end), text);
    assert.match(text.slice(0, -end.length), answer);
    assert.equal(closed, undefined);
  });
}

test('the size of a file is a line', async () => {
  const { text } = await answerTo(folder, 'get_metadata a.txt\r\nget_metadata large\r\nget_metadata -_.\r\n');
  assert.equal(text, '0 OK\r\n5\r\n0 OK\r\n200000\r\n0 OK\r\n1\r\n');
});

test('the listing has a line for each file and ends with an empty line', async () => {
  const { text } = await answerTo(folder, 'get_file_listing\r\n');
  assert.match(text, /^0 OK\r\n(.+\r\n)+\r\n$/);
  assert.deepEqual(text.split('\r\n').slice(1, -2).sort(), ['-_.', 'a.txt', 'bytes', 'empty', 'large']);
});

test('an empty folder is listed as one', async () => {
  using nothing = new SharedFolder();
  assert.equal((await answerTo(nothing, 'get_file_listing\r\n')).text, '0 OK\r\n\r\n');
});

test('help names the commands, a line each, and ends with an empty line', async () => {
  const commands = ['get_file_listing', 'get_metadata', 'get_slice', 'help', 'quit'];
  assert.equal((await answerTo(folder, 'help\r\n')).text, `0 OK\r\n${commands.join('\r\n')}\r\n\r\n`);
});

test('quit is answered, nothing follows it, and the connection ends', async () => {
  assert.deepEqual(await answerTo(folder, 'help\r\nquit\r\nhelp\r\nquit\r\n'), {
    text: `${(await answerTo(folder, 'help\r\n')).text}0 OK\r\n`,
    closed: 'protocol',
  });
});

/** The lines of a reply to `get_metadata NAME full`, by their keys. */
async function fullMetadata(shared: SharedFolder, name: string): Promise<Record<string, string>> {
  const { text } = await answerTo(shared, `get_metadata ${name} full\r\n`);
  assert.match(text, /^0 OK\r\n([A-Z][a-z]+: \S+\r\n)+\r\n$/);
  const pairs = text.split('\r\n').slice(1, -2);
  return Object.fromEntries(pairs.map((pair) => pair.split(': ') as [string, string]));
}

test('all that is told of a file: its size, its time to the nanosecond, which file it is, and its version', async () => {
  using shared = new SharedFolder({ f: 'hello' });
  execFileSync('touch', ['-d', '2026-01-02 03:04:05.000600789 UTC', shared.file('f')]);
  const { Size, Modified, File = '', Version = '', ...others } = await fullMetadata(shared, 'f');
  assert.deepEqual([Size, Modified, others], ['5', '2026-01-02T03:04:05.000600789Z', {}]);
  assert.match(`${File} ${Version}`, /^[0-9a-f]{32} [0-9a-f]{32}$/);
  execFileSync('touch', ['-d', '1960-01-02 03:04:05.25 UTC', shared.file('f')]);
  assert.equal((await fullMetadata(shared, 'f')).Modified, '1960-01-02T03:04:05.250000000Z');
});

test('a version is another after every change, and a file is another when it was replaced', async () => {
  using shared = new SharedFolder({ f: 'hello' });
  const first = await fullMetadata(shared, 'f');
  assert.deepEqual(await fullMetadata(shared, 'f'), first);
  const seen = new Set([first.Version]);
  const changes: [change: () => void, sameFile: boolean][] = [
    [() => chmodSync(shared.file('f'), 0o600), true],
    [() => writeFileSync(shared.file('f'), 'HELLO'), true],
    [() => utimesSync(shared.file('f'), 1, 1), true],
    [() => appendFileSync(shared.file('f'), '!'), true],
    [
      () => {
        writeFileSync(shared.outside('g'), 'HELLO!');
        renameSync(shared.outside('g'), shared.file('f'));
      },
      false,
    ],
  ];
  for (const [change, sameFile] of changes) {
    // The kernel's clock of files may stand still for some milliseconds.
    const changed = await eventually('the version is another', async () => {
      change();
      const now = await fullMetadata(shared, 'f');
      return seen.has(now.Version ?? '') ? undefined : now;
    });
    seen.add(changed.Version);
    assert.equal(changed.File === first.File, sameFile);
  }
});

test('a slice of a version is of that version, or refused', async () => {
  using shared = new SharedFolder({ f: 'hello' });
  utimesSync(shared.file('f'), 1, 1);
  const { Version } = await fullMetadata(shared, 'f');
  const request = `get_slice f 1 3 raw ${Version}\r\n`;
  assert.equal((await answerTo(shared, request)).text, '0 OK\r\nContent-Length: 3\r\n\r\nell');
  writeFileSync(shared.file('f'), 'HELLO');
  assert.match((await answerTo(shared, request)).text, OTHER_VERSION);
});

test('the SHA-256 of a slice is told in every mode', async () => {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  for (const slices of sliceModes) {
    const talk = talkAbout(folder, { slices });
    for (const [offset, size] of ranges) {
      talk.send(`get_slice large ${offset} ${size} sha256\r\n`);
      const digest = sha256(content.subarray(offset, offset + size));
      assert.equal(await talk.receive(), `0 OK\r\nSHA-256: ${digest}\r\n\r\n`);
    }
  }
});

test('a digest that takes long says how far it is, and is missing when the file ends too early', async () => {
  using shared = new SharedFolder({ huge: '' });
  const size = 1e12;
  truncateSync(shared.file('huge'), size);
  await using server = await serve(files({ dir: shared.path }));
  using client = await TestClient.connect(server.address);
  client.send(`get_slice huge 0 ${size} sha256\r\nget_slice huge 0 3 raw\r\nquit\r\n`);
  assert.equal(await client.readLine(), '0 OK\r');
  assert.match(await client.readLine(), /^Hashed: [1-9]\d*\r$/);
  writeFileSync(shared.file('huge'), 'end');
  assert.match(
    (await client.readAll()).toString('latin1'),
    /^(Hashed: \d+\r\n)*\r\n0 OK\r\nContent-Length: 3\r\n\r\nend0 OK\r\n$/,
  );
});

test('a client that leaves while a file is digested leaves no file open', async () => {
  using shared = new SharedFolder({ huge: '' });
  truncateSync(shared.file('huge'), 1e12);
  await using server = await serve(files({ dir: shared.path }));
  using client = await TestClient.connect(server.address);
  client.send('get_slice huge 0 1000000000000 sha256\r\n');
  assert.equal(await client.readLine(), '0 OK\r');
  client.reset();
  await eventually('the file is closed', () => openIn(shared) === 0);
});

test('the full listing tells the size and the time of each file, and the names that cannot be asked for', async () => {
  using shared = new SharedFolder({ a: 'hello', 'b c': '', ñ: '', 'd\ne': '' });
  utimesSync(shared.file('a'), 1, 1);
  mkdirSync(shared.file('folder 2'));
  const { text } = await answerTo(shared, 'get_file_listing full\r\n');
  assert.match(text, /^0 OK\r\n[\s\S]*\r\n\r\n$/);
  assert.deepEqual(text.split('\r\n').slice(1, -2).sort(), [
    '- - %C3%B1',
    '- - b%20c',
    '- - d%0Ae',
    '5 1970-01-01T00:00:01.000000000Z a',
  ]);
});

const ranges: [offset: number, size: number][] = [
  [0, 200_000],
  [0, 0],
  [200_000, 0],
  [199_999, 1],
  [1, 2],
  [3, 49_152],
  [0, 49_153],
  [7, 98_304],
  [8, 98_305],
  [1, 65_536],
  [2, 131_072],
  [0, 16_384],
  [100, 16_385],
];

for (const mode of sliceModes) {
  test(`slices are written in the mode ${mode}, byte for byte`, async () => {
    const talk = talkAbout(folder, { slices: mode });
    for (const [offset, size] of ranges) {
      talk.send(`get_slice large ${offset} ${size}\r\n`);
      const expected = Buffer.concat([
        Buffer.from('0 OK\r\n'),
        bodyOf(mode, content.subarray(offset, offset + size)),
      ]);
      const got = await talk.receiveBytes();
      assert.ok(got.equals(expected), `${offset} ${size}: ${got.subarray(0, 40).toString('latin1')}`);
    }
  });

  test(`raw slices in the mode ${mode} have their length before them and nothing behind them`, async () => {
    const talk = talkAbout(folder, { slices: mode });
    for (const [offset, size] of ranges) {
      talk.send(`get_slice large ${offset} ${size} raw\r\n`);
      const head = Buffer.from(`0 OK\r\nContent-Length: ${size}\r\n\r\n`);
      const expected = Buffer.concat([head, content.subarray(offset, offset + size)]);
      assert.ok((await talk.receiveBytes()).equals(expected), `${offset} ${size}`);
    }
  });

  test(`every split of a session in the mode ${mode} is answered alike`, async () => {
    const session = Buffer.from(
      'help\r\nget_slice a.txt 1 3\r\nx\r\nget_slice a.txt 0 5 raw\r\nget_metadata bytes\r\nquit\r\n',
    );
    const { text } = await answerTo(folder, session, { slices: mode });
    assert.ok(text.includes('\r\n\r\nhello0 OK\r\n256\r\n0 OK\r\n'), text);
    for (const pieces of everySplit(session, 2)) {
      const talk = talkAbout(folder, { slices: mode });
      for (const piece of pieces) {
        talk.send(piece);
        await talk.settle();
      }
      assert.equal((await talk.receiveBytes()).toString('latin1'), text);
      assert.equal(talk.closed, 'protocol');
    }
  });
}

test('a session in single bytes is answered as one in a piece', async () => {
  const session = Buffer.from('get_slice bytes 0 256\r\nget_file_listing \r\nquit\r\n');
  const talk = talkAbout(folder);
  for (const byte of session) talk.send(Uint8Array.of(byte));
  assert.equal((await talk.receiveBytes()).toString('latin1'), (await answerTo(folder, session)).text);
  assert.equal(talk.closed, 'protocol');
});

test('100 requests in one piece are answered in order', async () => {
  const requests = Array.from({ length: 100 }, (_, i) =>
    i % 3 === 0 ? `get_slice bytes ${i} 1 raw` : i % 3 === 1 ? `nothing ${i}` : 'get_metadata a.txt',
  );
  const talk = talkAbout(folder);
  talk.send(`${requests.join('\r\n')}\r\n`);
  const answers = requests.map((_, i) => {
    if (i % 3 === 0) return `0 OK\r\nContent-Length: 1\r\n\r\n${String.fromCharCode(i)}`;
    return i % 3 === 1 ? '200 no such command\r\n' : '0 OK\r\n5\r\n';
  });
  assert.equal((await talk.receiveBytes()).toString('latin1'), answers.join(''));
});

test('an LF without a CR is seen at once, and ends the connection', async () => {
  for (const request of [
    'quit\n',
    '\n',
    'get_metadata a.txt\n',
    'quit \r \n',
    'x'.repeat(100_000).concat('\n'),
  ]) {
    const { text, closed } = await answerTo(folder, request);
    assert.match(text, /^100 [^\r\n]+\r\n$/);
    assert.equal(closed, 'bad-frame');
  }
});

test('whole requests before a bad ending are answered first, and nothing after it', async () => {
  const { text, closed } = await answerTo(
    folder,
    'get_metadata a.txt\r\nget_slice a.txt 0 5 raw\r\nquit\nhelp\r\n',
  );
  assert.match(text, /^0 OK\r\n5\r\n0 OK\r\nContent-Length: 5\r\n\r\nhello100 [^\r\n]+\r\n$/);
  assert.equal(closed, 'bad-frame');
});

test('CR and LF in different pieces end a line', async () => {
  const talk = talkAbout(folder);
  talk.send('quit\r');
  assert.equal(await talk.receive(), '');
  talk.send('\n');
  assert.equal(await talk.receive(), '0 OK\r\n');
});

test('an empty line is no request, and ends the connection', async () => {
  const { text, closed } = await answerTo(folder, 'help\r\n\r\nhelp\r\n');
  assert.match(text.slice(text.indexOf('\r\n\r\n') + 4), /^101 [^\r\n]+\r\n$/);
  assert.equal(closed, 'protocol');
});

test('a request of 8 MiB is read, one that is longer is refused while it comes', async () => {
  const most = 8 * 1_048_576;
  const longest = await answerTo(folder, `${'x'.repeat(most)}\r\n`);
  assert.match(longest.text, NO_SUCH_COMMAND);
  const { text, closed } = await answerTo(folder, 'x'.repeat(most + 2));
  assert.match(text, /^101 [^\r\n]+\r\n$/);
  assert.equal(closed, 'frame-too-long');
  assert.equal((await answerTo(folder, `${'x'.repeat(most + 1)}\r\n`)).closed, 'frame-too-long');
});

test('the longest request can be set', async () => {
  const { text, closed } = await answerTo(folder, `help\r\n${'x'.repeat(601)}\r\n`, { 'max-line': 600 });
  assert.match(text, /^0 OK[\s\S]*\r\n101 [^\r\n]+\r\n$/);
  assert.equal(closed, 'frame-too-long');
});

test('a name of 5 MiB is of no file, whether it comes whole or in small pieces', async () => {
  const request = Buffer.from(`get_metadata ${'n'.repeat(5 * 1_048_576)}\r\n`);
  assert.match((await answerTo(folder, request)).text, NO_SUCH_FILE);
  const talk = talkAbout(folder);
  for (let at = 0; at < request.length; at += 1_000) talk.send(request.subarray(at, at + 1_000));
  assert.match(await talk.receive(), NO_SUCH_FILE);
});

test('many words, and many digits, are taken apart no further than need be', async () => {
  assert.match((await answerTo(folder, `get_slice${' a'.repeat(2_000_000)}\r\n`)).text, BAD_ARGUMENTS);
  assert.match((await answerTo(folder, `get_slice a.txt ${'9'.repeat(1_000_000)} 1\r\n`)).text, BEYOND);
  assert.match((await answerTo(folder, `get_slice a.txt ${'0'.repeat(1_000_000)} 5 raw\r\n`)).text, /hello$/);
});

test('a client that has finished sending gets the answers to whole requests, and none to half a request', async () => {
  const talk = talkAbout(folder);
  talk.send('get_metadata a.txt\r\nget_slice bytes 65 3 raw\r\nget_metadata');
  talk.end();
  assert.equal(await talk.receive(), '0 OK\r\n5\r\n0 OK\r\nContent-Length: 3\r\n\r\nABC');
  assert.equal(talk.closed, 'client');
});

test('whatever comes, each request gets one reply, in order, and nothing follows one that ends the conversation', async () => {
  const word = fc.constantFrom(
    'help',
    'quit',
    'get_metadata',
    'get_slice',
    'a.txt',
    'empty',
    '0',
    '5',
    'raw',
    '',
    'x',
  );
  const line = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '));
  const ending = fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\n');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(line, ending), { maxLength: 8 }), async (lines) => {
      const whole = lines.map((each) => each.join('')).join('');
      const one = await answerTo(folder, whole);
      let text = '';
      for (const each of lines) {
        const answer = await answerTo(folder, each.join(''));
        text += answer.text;
        if (answer.closed !== undefined) break;
      }
      assert.equal(one.text, text);
    }),
    { numRuns: 60 },
  );
});

test('a client that is turned away is told in a reply', async () => {
  const { refuse, farewell, wait } = files({ dir: folder.path });
  for (const cause of ['full', 'wait-timeout', 'quota', 'draining'] as const)
    assert.match(String(refuse?.(cause)), /^199 [^\r\n]+\r\n$/);
  assert.equal(wait, undefined);
  for (const reason of ['idle', 'drain', 'max-session'] as const)
    assert.equal(farewell?.(reason, {} as never), undefined);
});
