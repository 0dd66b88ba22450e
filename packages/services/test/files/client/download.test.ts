import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '@zocalo/command';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { ConnectError, serve } from 'zocalo';
import { type DownloadOptions, download, downloadToFile } from '../../../src/files/client/download.ts';
import { UnfinishedError } from '../../../src/files/client/errors.ts';
import { FilesServer } from '../../../src/files/client/files-server.ts';
import files from '../../../src/files/server/files.ts';
import { sliceModes } from '../../../src/files/server/slices.ts';
import { bodyOf, SharedFolder, variedBytes } from '../server/support.ts';
import { type Answer, byteByByte, HANG_UP, knowing, naiveServer } from './naive-server.ts';

const content = variedBytes(9_500_001);
const OK = '0 OK\r\n';

async function fetched(target: Target, name: string, options: DownloadOptions = {}): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await download(target, name, async (bytes) => void pieces.push(Buffer.from(bytes)), options);
  return Buffer.concat(pieces);
}

/** A naive server for one file, in the manner of a homework: it knows nothing of raw slices. */
function homework(bytes: Buffer, body: (slice: Buffer) => Buffer): Answer {
  return (request) => {
    const [command, name, offset, size, form] = request.split(' ');
    if (command === 'get_file_listing') return byteByByte(`${OK}f\r\ng\r\n\r\n`);
    if (name !== 'f') return byteByByte('202 what?\r\n');
    if (command === 'get_metadata') return byteByByte(`${OK}${bytes.length}\r\n`);
    if (form !== undefined) return byteByByte('201 bad arguments\r\n');
    const slice = bytes.subarray(Number(offset), Number(offset) + Number(size));
    return byteByByte(Buffer.concat([Buffer.from(OK), body(slice)]));
  };
}

for (const mode of sliceModes) {
  test(`files come as they are from a server in the mode ${mode}, asked for raw slices or not`, async () => {
    using folder = new SharedFolder({ large: content, empty: '', one: 'x' });
    await using server = await serve(files({ dir: folder.path, slices: mode }));
    for (const options of [{}, { body: mode }, { parallel: 4 }, { parallel: 3, body: mode }]) {
      assert.ok((await fetched(server.address, 'large', options)).equals(content));
      assert.equal((await fetched(server.address, 'empty', options)).length, 0);
      assert.equal((await fetched(server.address, 'one', options)).toString(), 'x');
      const part = await fetched(server.address, 'large', {
        ...options,
        offset: 4_000_001,
        length: 5_000_000,
      });
      assert.ok(part.equals(content.subarray(4_000_001, 9_000_001)));
    }
  });

  test(`a server that sends one byte at a time in the mode ${mode} is understood`, async () => {
    const bytes = variedBytes(3_001);
    await using server = await naiveServer(homework(bytes, (slice) => bodyOf(mode, slice)));
    assert.ok((await fetched(server, 'f', { body: mode })).equals(bytes));
    if (mode.startsWith('base64')) assert.ok((await fetched(server, 'f')).equals(bytes));
    assert.ok((await fetched(server, 'f', { body: mode, offset: 2_998 })).equals(bytes.subarray(2_998)));
    assert.equal((await fetched(server, 'f', { body: mode, length: 0 })).length, 0);
    using connection = await new FilesServer(server).connect();
    assert.deepEqual(await Array.fromAsync(connection.list()), [{ name: 'f' }, { name: 'g' }]);
    await assert.rejects(fetched(server, 'g'), /^FilesError|g: the server says "202 what\?"/);
  });
}

const hello = Buffer.from('hello world');
const wrong: [what: string, body: (slice: Buffer) => string, options: DownloadOptions, message: RegExp][] = [
  ['base64 that is none', () => 'aGVsbG8*d29ybGQ=\r\n', {}, /not the base64/],
  ['base64 of too few bytes', () => 'aGVsbG8=\r\n', {}, /not the base64/],
  ['base64 of too many bytes', () => `${'aGVsbG8g'.repeat(4)}\r\n`, {}, /not the base64/],
  ['base64 with padding inside', () => 'aGVsbG8=aGVsbG8g\r\n', {}, /not the base64/],
  ['base64 that is cut off', () => 'aGVsbG8gd29ybG\r\n', {}, /within a group/],
  ['base64 ended by LF', () => 'aGVsbG8gd29ybGQ=\n', {}, /not the base64|announced/],
  ['a block that is too long', () => '12 hello world!\r\n0 \r\n', { body: 'blocks' }, /block/],
  ['blocks of too few bytes', () => '5 hello\r\n0 \r\n', { body: 'blocks' }, /block/],
  ['a block without a length', () => 'hello world\r\n0 \r\n', { body: 'blocks' }, /block/],
  [
    'a block that is longer than it says',
    () => '5 hello w\r\n',
    { body: 'blocks' },
    /more than it announced/,
  ],
  ['raw bytes without an end', () => 'hello world!', { body: 'raw' }, /more than it announced/],
];
for (const [what, body, options, message] of wrong) {
  test(`${what} is found out, and no file is left`, async () => {
    using folder = new TemporaryFolder();
    await using server = await naiveServer(homework(hello, (slice) => Buffer.from(body(slice), 'latin1')));
    await assert.rejects(downloadToFile(server, 'f', folder.file('f'), options), message);
    assert.ok(!existsSync(folder.file('f')));
  });
}

test('other bytes than were asked for are found out before they come', async () => {
  await using server = await naiveServer((request) =>
    request.startsWith('get_metadata') ? [`${OK}5\r\n`] : [`${OK}Content-Length: 4\r\n\r\nhell`],
  );
  await assert.rejects(fetched(server, 'f'), /announced other bytes/);
});

test('what is no file server is called so', async () => {
  await using server = await naiveServer(() => ['HTTP/1.1 400 Bad Request\r\n']);
  await assert.rejects(fetched(server, 'f'), /no file server/);
  await using silent = await naiveServer(() => []);
  await assert.rejects(fetched(silent, 'f', { timeoutMs: 100 }), /said nothing for 0\.1 s/);
  await using endless = await naiveServer(() => ['0 '.padEnd(100_000, 'x')]);
  await assert.rejects(fetched(endless, 'f'), /a line without an end/);
});

test('where no server listens, the error says so', async () => {
  const server = await naiveServer(() => []);
  await server[Symbol.asyncDispose]();
  await assert.rejects(fetched(server, 'f'), ConnectError);
});

/** A server that hangs up in the middle of its first `failures` slices. */
function interrupted(bytes: Buffer, failures: number): { answer: Answer; asked: string[] } {
  const asked: string[] = [];
  let left = failures;
  const answer: Answer = (request) => {
    const [command, , offset, size] = request.split(' ');
    if (command === 'get_metadata') return [`${OK}${bytes.length}\r\n`];
    if (command !== 'get_slice') return [OK];
    asked.push(`${offset} ${size}`);
    const slice = bytes.subarray(Number(offset), Number(offset) + Number(size));
    const head = `${OK}Content-Length: ${size}\r\n\r\n`;
    if (left-- > 0) return [head, slice.subarray(0, 1_000_000), HANG_UP];
    return [head, slice];
  };
  return { answer, asked };
}

/** The partial files in a folder. */
function partialsIn(folder: TemporaryFolder): string[] {
  return readdirSync(folder.path)
    .filter((name) => name.endsWith('.zocalo-part'))
    .map((name) => folder.file(name));
}

test('a download that breaks leaves what has come, and goes on from there', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('f');
  const { answer, asked } = interrupted(content, 1);
  await using server = await naiveServer(answer);
  writeFileSync(path, 'what was there before');
  const failure = await downloadToFile(server, 'f', path).catch((error: unknown) => error);
  assert.ok(failure instanceof UnfinishedError);
  assert.match(failure.message, /closed the connection|broke/);
  assert.equal(readFileSync(path, 'utf8'), 'what was there before');
  const [partial = ''] = partialsIn(folder);
  const { size } = statSync(partial);
  assert.ok(size > 0 && size <= 1_000_000);
  assert.deepEqual(failure.kept, { path: partial, there: size, whole: content.length });
  const told: number[] = [];
  await downloadToFile(server, 'f', path, { resume: true, onProgress: (there) => told.push(there) });
  assert.ok(readFileSync(path).equals(content));
  assert.deepEqual(partialsIn(folder), []);
  assert.equal(told[0], size);
  assert.equal(told.at(-1), content.length);
  assert.ok(asked.includes(`${size} ${content.length - size}`));
});

test('a file that stands there and is not whole is continued, one that is whole is left as it is', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('f');
  const { answer, asked } = interrupted(content, 0);
  await using server = await naiveServer(answer);
  writeFileSync(path, content.subarray(0, 5_000_000));
  await downloadToFile(server, 'f', path, { resume: true, parallel: 2 });
  assert.ok(readFileSync(path).equals(content));
  asked.length = 0;
  const { ino } = statSync(path);
  const { came, length } = await downloadToFile(server, 'f', path, { resume: true });
  assert.deepEqual([came, length], [0, content.length]);
  assert.equal(statSync(path).ino, ino);
  const ends = ['0 65536', `${content.length - 65_536} 65536`];
  assert.deepEqual(asked, [...ends, ...ends]);
});

test('what is not the beginning of the file is not continued, and stays as it is', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('f');
  using shared = new SharedFolder({ f: content });
  await using knowing = await serve(files({ dir: shared.path }));
  await using naive = await naiveServer(interrupted(content, 0).answer);
  const wrong = Buffer.from(content.subarray(0, 300_000));
  wrong[150_000] = 255 - (wrong[150_000] as number);
  for (const target of [knowing.address, naive]) {
    for (const name of [path, `${path}.12345678.zocalo-part`]) {
      for (const there of [wrong, Buffer.alloc(1_000), Buffer.concat([content, Buffer.from('!')])]) {
        // In the middle nothing is compared without digests.
        if (target === naive && there === wrong) continue;
        writeFileSync(name, there);
        await assert.rejects(downloadToFile(target, 'f', path, { resume: true }), /cannot be continued/);
        assert.ok(readFileSync(name).equals(there));
        rmSync(name);
      }
    }
  }
  assert.deepEqual(readdirSync(folder.path), []);
});

test('a part that the file does not have is refused', async () => {
  using folder = new SharedFolder({ f: 'hello' });
  await using server = await serve(files({ dir: folder.path }));
  assert.equal((await fetched(server.address, 'f', { offset: 5 })).length, 0);
  await assert.rejects(fetched(server.address, 'f', { offset: 6 }), /only 5 bytes/);
  await assert.rejects(fetched(server.address, 'f', { offset: 1, length: 5 }), /only 5 bytes/);
});

test('connections that the server refuses or keeps waiting are done without', async () => {
  using folder = new SharedFolder({ large: content });
  for (const [maxClients, maxWaiting] of [
    [2, 0],
    [2, 10],
    [1, 0],
    [1, 10],
  ] as const) {
    await using server = await serve(files({ dir: folder.path }), { maxClients, maxWaiting });
    assert.ok((await fetched(server.address, 'large', { parallel: 8 })).equals(content));
  }
});

test('several connections share the work, and the bytes come in order', async () => {
  const { answer, asked } = interrupted(content, 0);
  await using server = await naiveServer(answer);
  assert.ok((await fetched(server, 'f', { parallel: 3 })).equals(content));
  assert.equal(server.connections, 3);
  const pieces = ['0 4194304', '4194304 4194304', '8388608 1111393'];
  for (const piece of pieces) assert.equal(asked.filter((each) => each === piece).length, 1);
});

test('what a connection has begun that breaks is fetched over another', async () => {
  const { answer } = interrupted(content, 1);
  await using server = await naiveServer(answer);
  assert.ok((await fetched(server, 'f', { parallel: 3 })).equals(content));
});

test('when all connections break the download fails, and what is left is the beginning of the file', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('f');
  await using server = await naiveServer(interrupted(content, 3).answer);
  await assert.rejects(downloadToFile(server, 'f', path, { parallel: 3 }), /closed the connection|broke/);
  for (const partial of partialsIn(folder)) {
    const there = readFileSync(partial);
    assert.ok(there.equals(content.subarray(0, there.length)));
  }
  await downloadToFile(server, 'f', path, { parallel: 3, resume: true });
  assert.ok(readFileSync(path).equals(content));
});

test('the time that we take for what has come is not taken for silence of the server', async () => {
  using folder = new SharedFolder({ large: content });
  await using server = await serve(files({ dir: folder.path }));
  const fetchSlowly = async (parallel: number) => {
    const pieces: Buffer[] = [];
    const slow = async (bytes: Buffer) => {
      pieces.push(Buffer.from(bytes));
      if (pieces.length === 3) await sleep(3_000);
    };
    await download(server.address, 'large', slow, { parallel, timeoutMs: 1_500 });
    assert.ok(Buffer.concat(pieces).equals(content));
  };
  await Promise.all([fetchSlowly(1), fetchSlowly(3)]);
});

test('the client says quit', async () => {
  await using server = await naiveServer(knowing(hello));
  await fetched(server, 'f');
  assert.equal(server.requests.at(-1), 'quit');
});

test('a server that hangs up on what it does not know is asked otherwise', async () => {
  const bytes = variedBytes(3_001);
  const plain = homework(bytes, (slice) => bodyOf('base64', slice));
  for (const answer of ['101 what?\r\n', HANG_UP] as const) {
    await using server = await naiveServer((request) =>
      request.endsWith(' full') ? (answer === HANG_UP ? [HANG_UP] : [answer, HANG_UP]) : plain(request),
    );
    assert.ok((await fetched(server, 'f')).equals(bytes));
    const names = new FilesServer(server).withConnection((connection) => Array.fromAsync(connection.list()));
    assert.deepEqual(await names, [{ name: 'f' }, { name: 'g' }]);
  }
});
