import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import type { Target } from '@zocalo/command';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { type Server, serve } from 'zocalo';
import { type DownloadOptions, download, downloadToFile } from '../../../src/files/client/download.ts';
import { UnfinishedError } from '../../../src/files/client/errors.ts';
import files from '../../../src/files/server/files.ts';
import { SharedFolder, variedBytes } from '../server/support.ts';
import { type Answer, HANG_UP, knowing, naiveServer } from './naive-server.ts';

const content = variedBytes(30_000_001);
const other = Buffer.from(content.map((byte) => byte ^ 0xff));

/** Fetches `f` into a folder of ours, and has something happen to it after the first bytes. @returns what is there afterwards */
async function fetchDuring(
  target: Target,
  happens: () => void,
  options: DownloadOptions = {},
): Promise<{ bytes: Buffer; notes: readonly string[] }> {
  using folder = new TemporaryFolder();
  const path = folder.file('f');
  let happened = false;
  try {
    const { notes } = await downloadToFile(target, 'f', path, {
      ...options,
      onProgress: (there) => {
        if (there === 0 || happened) return;
        happened = true;
        happens();
      },
    });
    assert.deepEqual(readdirSync(folder.path), ['f']);
    return { bytes: readFileSync(path), notes };
  } catch (error) {
    assert.deepEqual(readdirSync(folder.path), [], 'nothing is kept of what can never become the file');
    throw error;
  }
}

/** Puts another file in place of the one that is shared. */
function replace(folder: SharedFolder, bytes: Buffer): void {
  writeFileSync(folder.outside('new'), bytes);
  renameSync(folder.outside('new'), folder.file('f'));
}

const manners: [how: string, options: DownloadOptions][] = [
  ['', {}],
  [' over four connections', { parallel: 4 }],
  [' in a form that the server must be told of', { body: 'base64' }],
  [' without verifying', { verify: false, parallel: 4 }],
];

for (const [how, options] of manners) {
  test(`a file that is written anew while it is fetched${how} is refused: it would be a mixture`, async () => {
    using folder = new SharedFolder({ f: content });
    await using server = await serve(files({ dir: folder.path }));
    const write = () => writeFileSync(folder.file('f'), other);
    await assert.rejects(fetchDuring(server.address, write, options), /f has changed on the server/);
  });

  test(`a file that grows while it is fetched${how} is fetched as it was at the start`, async () => {
    using folder = new SharedFolder({ f: content });
    await using server = await serve(files({ dir: folder.path }));
    const grow = () => appendFileSync(folder.file('f'), 'and more');
    const { bytes, notes } = await fetchDuring(server.address, grow, options);
    assert.ok(bytes.equals(content));
    assert.match(notes.join('\n'), /has grown to 30000009 bytes .* these are the 30000001 that it had/);
  });

  test(`a file that gets another mode while it is fetched${how} is fetched`, async () => {
    using folder = new SharedFolder({ f: content });
    await using server = await serve(files({ dir: folder.path }));
    const { bytes, notes } = await fetchDuring(
      server.address,
      () => chmodSync(folder.file('f'), 0o600),
      options,
    );
    assert.ok(bytes.equals(content));
    assert.deepEqual(notes, []);
  });
}

test('a file of which another version comes is refused as soon as a piece of that is asked for', async () => {
  using folder = new SharedFolder({ f: content });
  await using server = await serve(files({ dir: folder.path }));
  for (const change of [() => replace(folder, other), () => writeFileSync(folder.file('f'), content)]) {
    let came = 0;
    const sink = async (bytes: Buffer) => {
      if (came === 0) change();
      came += bytes.length;
    };
    const fetching = download(server.address, 'f', sink, { parallel: 2 });
    await assert.rejects(fetching, /f has changed on the server/);
    assert.ok(came < content.length, 'it was fetched to the end, although it had changed');
  }
});

const gone: [what: string, happens: (folder: SharedFolder) => void, said: RegExp][] = [
  ['replaced by another of its size', (folder) => replace(folder, other), /was replaced on the server/],
  ['replaced by a shorter one', (folder) => replace(folder, Buffer.from('x')), /was replaced on the server/],
  ['removed', (folder) => rmSync(folder.file('f')), /was removed on the server/],
];
for (const [what, happens, said] of gone) {
  test(`a file that is ${what} comes as it was when it comes in one piece, and that is said`, async () => {
    using folder = new SharedFolder({ f: content });
    await using server = await serve(files({ dir: folder.path }));
    const { bytes, notes } = await fetchDuring(server.address, () => happens(folder));
    assert.ok(bytes.equals(content));
    assert.match(notes.join('\n'), said);
  });
}

test('a file that becomes shorter on the server while it is fetched is refused', async () => {
  using folder = new SharedFolder({ f: content });
  await using server = await serve(files({ dir: folder.path }));
  // One that was there to its last byte when it was cut.
  const cut = (there: number) => there === content.length && truncateSync(folder.file('f'), 1_000);
  using ours = new TemporaryFolder();
  const fetching = downloadToFile(server.address, 'f', ours.file('f'), { onProgress: cut });
  await assert.rejects(fetching, /f has changed on the server/);
  assert.deepEqual(readdirSync(ours.path), []);
});

test('what is left of a download is not continued with another file of the same size', async () => {
  using folder = new SharedFolder({ f: content });
  using ours = new TemporaryFolder();
  await using server = await serve(files({ dir: folder.path }));
  writeFileSync(ours.file('f'), content.subarray(0, 10_000_000));
  // The last bytes that are there are the same: only all of them tell the difference.
  const mixed = Buffer.concat([other.subarray(0, 5_000_000), content.subarray(5_000_000)]);
  replace(folder, mixed);
  const resumed = downloadToFile(server.address, 'f', ours.file('f'), { resume: true });
  await assert.rejects(resumed, /cannot be continued/);
  assert.ok(readFileSync(ours.file('f')).equals(content.subarray(0, 10_000_000)));
});

test('what has come and has another digest than the server tells is thrown away', async () => {
  using folder = new TemporaryFolder();
  const digest = createHash('sha256').update('something else').digest('hex');
  await using server = await naiveServer(knowing(content, { digest }));
  await assert.rejects(
    downloadToFile(server, 'f', folder.file('f')),
    /f: what has come is not what the server/,
  );
  assert.deepEqual(readdirSync(folder.path), []);
  await downloadToFile(server, 'f', folder.file('f'), { verify: false });
  assert.ok(readFileSync(folder.file('f')).equals(content));
});

/** A server that tells sizes alone, and raw slices; `answers` is asked first. */
function plain(
  bytes: () => Buffer,
  answers: (request: string) => ReturnType<Answer> | undefined = () => undefined,
): Answer {
  return (request) => {
    const [command, , offset, size] = request.split(' ');
    const given = answers(request);
    if (given !== undefined) return given;
    if (command === 'get_metadata') return [`0 OK\r\n${bytes().length}\r\n`];
    if (command !== 'get_slice') return ['0 OK\r\n'];
    const slice = bytes().subarray(Number(offset), Number(offset) + Number(size));
    return [`0 OK\r\nContent-Length: ${size}\r\n\r\n`, slice];
  };
}

test('of a server that tells no digests the size and both ends are compared, and the rest is said', async () => {
  let now = content;
  await using server = await naiveServer(plain(() => now));
  const { bytes, notes } = await fetchDuring(server, () => {});
  assert.ok(bytes.equals(content));
  assert.match(notes.join('\n'), /^not verified: the server tells no digests; its size/);
  const replaced = fetchDuring(server, () => (now = other), { parallel: 2 });
  await assert.rejects(replaced, /f has changed on the server/);
  now = content;
  const shrunk = fetchDuring(server, () => (now = content.subarray(1)));
  await assert.rejects(shrunk, /has changed on the server|closed the connection/);
  now = content;
  const grown = await fetchDuring(server, () => (now = Buffer.concat([content, content])));
  assert.match(grown.notes.join('\n'), /has grown to 60000002 bytes/);
  const short = variedBytes(100_000);
  now = short;
  assert.deepEqual(await fetchDuring(server, () => {}), { bytes: short, notes: [] });
});

test('a server that stops while it sends does not make a file fail of which every byte came', async () => {
  using folder = new SharedFolder({ f: content });
  await using server = await serve(files({ dir: folder.path }));
  const { bytes, notes } = await fetchDuring(server.address, () => void server.drain());
  assert.ok(bytes.equals(content));
  assert.match(notes.join('\n'), /^all bytes came, but were not verified: /);
  await using naive = await naiveServer(
    knowing(content, {
      slice: (request) => [`0 OK\r\nContent-Length: ${request.split(' ')[3]}\r\n\r\n`, content, HANG_UP],
    }),
  );
  const cut = await fetchDuring(naive, () => {});
  assert.deepEqual(cut.notes, [], 'it was not verified over another connection');
});

test('when one of several connections breaks, what has come is verified over another', async () => {
  for (const times of [1, 2]) {
    await using server = await naiveServer(failing(times, 1_000_000));
    const { bytes, notes } = await fetchDuring(server, () => {}, { parallel: 3 });
    assert.ok(bytes.equals(content));
    assert.deepEqual(notes, []);
  }
});

/** A server that fails each connection in its first so many slices, after some bytes of them. */
function failing(times: number, bytes: number): Answer {
  let left = times;
  return knowing(content, {
    slice: (request) => {
      const [, , offset = '', size = ''] = request.split(' ');
      const slice = content.subarray(Number(offset), Number(offset) + Number(size));
      const head = `0 OK\r\nContent-Length: ${size}\r\n\r\n`;
      return left-- > 0 ? [head, slice.subarray(0, bytes), HANG_UP] : [head, slice];
    },
  });
}

test('a download that breaks goes on by itself, as often in a row as it may', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('f');
  {
    await using server = await naiveServer(failing(2, 0));
    await assert.rejects(
      downloadToFile(server, 'f', path, { retries: 1, pauseMs: 1 }),
      /closed the connection/,
    );
    assert.deepEqual(readdirSync(folder.path), []);
  }
  {
    await using server = await naiveServer(failing(2, 0));
    const told: number[] = [];
    const onRetry = (_error: Error, _pause: number, failure: number) => told.push(failure);
    await downloadToFile(server, 'f', path, { retries: 2, pauseMs: 1, onRetry });
    assert.deepEqual(told, [1, 2]);
    assert.ok(readFileSync(path).equals(content));
  }
  // With every byte that comes the counting begins anew.
  await using server = await naiveServer(failing(5, 1_000_000));
  await downloadToFile(server, 'f', path, { retries: 1, pauseMs: 1, parallel: 1 });
  assert.ok(readFileSync(path).equals(content));
  const slices = server.requests.filter((request) => request.includes(' raw '));
  assert.equal(slices.length, 6);
  assert.ok(Number(slices[5]?.split(' ')[2]) > 0, 'it began anew');
});

test('a server that is started late is waited for', async () => {
  const { host, port, [Symbol.asyncDispose]: stop } = await naiveServer(() => []);
  await stop();
  using folder = new TemporaryFolder();
  using shared = new SharedFolder({ f: content });
  let late: Promise<Server> | undefined;
  const onRetry = () => {
    late ??= serve(files({ dir: shared.path }), { port });
  };
  await downloadToFile({ host, port }, 'f', folder.file('f'), { retries: 100, pauseMs: 10, onRetry });
  assert.ok(readFileSync(folder.file('f')).equals(content));
  await (await late)?.close();
});

const lies: [what: string, size: number, slice: (asked: number) => string[], message: RegExp][] = [
  ['more bytes than there are', 12, () => ['203 too much\r\n'], /f: the server says "203 too much"/],
  ['more than can be', 2 ** 53, () => [], /where a number of bytes must be/],
  [
    'fewer bytes than it sends',
    4,
    () => ['0 OK\r\nContent-Length: 11\r\n\r\nhello world'],
    /announced other bytes/,
  ],
  [
    'what it sends, and more comes',
    11,
    () => ['0 OK\r\nContent-Length: 11\r\n\r\nhello world and more\r\n'],
    /says " and more" where a reply must begin/,
  ],
];
for (const [what, size, slice, message] of lies) {
  test(`a server that tells as the size of a file ${what} is found out, and no file is left`, async () => {
    using folder = new TemporaryFolder();
    await using server = await naiveServer((request) => {
      const [command, , , asked] = request.split(' ');
      return command === 'get_metadata' ? [`0 OK\r\n${size}\r\n`] : slice(Number(asked));
    });
    await assert.rejects(downloadToFile(server, 'f', folder.file('f')), message);
    assert.ok(!readdirSync(folder.path).includes('f'));
  });
}

test('pauses between attempts double, up to half a minute', async () => {
  await using server = await naiveServer(() => ['199 busy\r\n', HANG_UP]);
  const pauses: number[] = [];
  const broken = new AbortController();
  const onRetry = (_error: Error, pause: number) => {
    pauses.push(pause);
    if (pauses.length === 4) broken.abort();
  };
  using folder = new TemporaryFolder();
  const options = { retries: 10, pauseMs: 4, onRetry, signal: broken.signal };
  await assert.rejects(downloadToFile(server, 'f', folder.file('f'), options), /199 busy/);
  assert.equal(pauses.length, 4);
  for (const [i, pause] of pauses.entries()) assert.ok(pause >= 2 * 2 ** i && pause <= 4 * 2 ** i);
});

test('a download that is broken off keeps what has come', async () => {
  using folder = new TemporaryFolder();
  using shared = new SharedFolder({ f: content });
  await using server = await serve(files({ dir: shared.path }));
  for (const parallel of [1, 4]) {
    const broken = new AbortController();
    const onProgress = (there: number) => there > 0 && broken.abort();
    const options = { signal: broken.signal, onProgress, parallel, resume: true };
    const failure = await downloadToFile(server.address, 'f', folder.file('f'), options).catch(
      (error) => error,
    );
    assert.ok(failure instanceof UnfinishedError);
    const there = readFileSync(failure.kept.path);
    assert.ok(there.length > 0 && there.equals(content.subarray(0, there.length)));
  }
  await eventually('no client is connected any more', () => server.activeClients === 0);
});
