import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { serve } from 'zocalo';
import files from '../../../src/files/server/files.ts';
import { Folder } from '../../../src/files/server/folder.ts';
import { answerTo, SharedFolder, talkAbout } from './support.ts';

const linux = process.platform === 'linux';
/** The number of openat(2). */
const OPENAT: Readonly<Record<string, number>> = { x64: 257, arm64: 56 };
const NO_SUCH_FILE = /^202 [^\r\n]+\r\n$/;
const INTERNAL = /^199 [^\r\n]+\r\n$/;

async function listing(folder: SharedFolder): Promise<string[]> {
  const { text } = await answerTo(folder, 'get_file_listing\r\n');
  assert.match(text, /^0 OK\r\n[\s\S]*\r\n$/);
  return text.split('\r\n').slice(1, -2).sort();
}

/** Asserts that a name is neither listed nor to be had. */
async function assertAbsent(folder: SharedFolder, name: string): Promise<void> {
  assert.ok(!(await listing(folder)).includes(name), `${name} is listed`);
  for (const request of [`get_metadata ${name}`, `get_slice ${name} 0 0`, `get_slice ${name} 0 1 raw`]) {
    const { text, closed } = await answerTo(folder, `${request}\r\n`);
    assert.match(text, NO_SUCH_FILE);
    assert.equal(closed, undefined);
  }
}

for (const count of [1_000, 100_000]) {
  test(`${count} files are listed, each once`, async () => {
    using folder = new SharedFolder();
    const names = Array.from({ length: count }, (_, i) => `file-${i}.txt`);
    for (const name of names) writeFileSync(folder.file(name), '');
    assert.deepEqual(await listing(folder), names.sort());
  });
}

test('the listing of a folder is read as its client takes it', async () => {
  using folder = new SharedFolder();
  for (let i = 0; i < 4_000; i++) writeFileSync(folder.file(`${i}`.padStart(200, '0')), '');
  const talk = talkAbout(folder);
  talk.stopReading();
  talk.send('get_file_listing\r\n');
  await talk.settle();
  assert.equal(talk.serverReads, false);
  assert.equal(talk.bytesOut, 0);
  talk.startReading();
  assert.equal((await talk.receiveBytes()).length, '0 OK\r\n'.length + 4_000 * 202 + 2);
});

test('a folder that is deleted and made anew is served on', async () => {
  using folder = new SharedFolder({ before: '1' });
  const talk = talkAbout(folder);
  talk.send('get_file_listing\r\n');
  assert.equal(await talk.receive(), '0 OK\r\nbefore\r\n\r\n');
  rmSync(folder.path, { recursive: true });
  talk.send('get_metadata before\r\n');
  assert.match(await talk.receive(), NO_SUCH_FILE);
  mkdirSync(folder.path);
  writeFileSync(folder.file('after'), '22');
  talk.send('get_file_listing\r\nget_metadata after\r\nget_metadata before\r\n');
  assert.match(await talk.receive(), /^0 OK\r\nafter\r\n\r\n0 OK\r\n2\r\n202 /);
});

test('a folder that cannot be read is an internal error, and ends the connection', async () => {
  const folder = new SharedFolder();
  folder[Symbol.dispose]();
  const talk = talkAbout(folder);
  talk.send('get_file_listing\r\nhelp\r\n');
  assert.match(await talk.receive(), INTERNAL);
  assert.equal(talk.closed, 'error');
  assert.match(String(talk.errors[0]), /ENOENT/, 'the operator is told what it was');
});

test('a file that vanishes between listing and opening is no such file', async () => {
  using folder = new SharedFolder({ here: 'x', gone: 'x' });
  const talk = talkAbout(folder);
  talk.send('get_file_listing\r\n');
  assert.match(await talk.receive(), /gone\r\n/);
  unlinkSync(folder.file('gone'));
  talk.send('get_slice gone 0 1\r\nget_slice here 0 1 raw\r\n');
  assert.match(await talk.receive(), /^202 [^\r\n]+\r\n0 OK\r\nContent-Length: 1\r\n\r\nx$/);
});

/** The superuser may read everything, so that only a file of an unusual kind refuses. */
const isRoot = process.getuid?.() === 0;
test('a file without permission is an internal error, and ends the connection', {
  skip: isRoot ? 'the superuser may read every file' : false,
}, async () => {
  using folder = new SharedFolder({ secret: 'x' });
  chmodSync(folder.file('secret'), 0);
  const { text, closed } = await answerTo(folder, 'get_slice secret 0 1\r\nhelp\r\n');
  assert.match(text, INTERNAL);
  assert.equal(closed, 'error');
});

test('a file that cannot be opened for want of descriptors is an internal error, not an absent file', async () => {
  using folder = new SharedFolder({ here: 'x' });
  const program = `
    import { openSync } from 'node:fs';
    import files from ${JSON.stringify(new URL('../../../src/files/server/files.ts', import.meta.url).href)};
    import { converse } from ${JSON.stringify(new URL('../../../../zocalo/src/testing/index.ts', import.meta.url).href)};
    const talk = converse(files({ dir: ${JSON.stringify(folder.path)} }));
    talk.send('get_metadata here\\r\\n');
    process.stdout.write(await talk.receive());
    try { for (;;) openSync('/dev/null'); } catch {}
    talk.send('get_metadata here\\r\\nhelp\\r\\n');
    process.stdout.write(await talk.receive());
  `;
  const run = ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, program];
  const { stdout, stderr } = spawnSync('sh', run, { encoding: 'utf8' });
  assert.match(stdout, /^0 OK\r\n1\r\n199 [^\r\n]+\r\n$/, stderr);
});

test('folders, pipes and sockets are neither listed nor served, and no request waits for them', async () => {
  using folder = new SharedFolder({ file: 'x' });
  mkdirSync(folder.file('folder'));
  execFileSync('mkfifo', [folder.file('pipe')]);
  const socket = createServer().listen(folder.file('socket')) as NetServer;
  try {
    for (const name of ['folder', 'pipe', 'socket']) await assertAbsent(folder, name);
    assert.deepEqual(await listing(folder), ['file']);
  } finally {
    socket.close();
  }
});

test('a process that waits to write to a pipe goes on waiting', { skip: !linux }, async (t) => {
  using folder = new SharedFolder();
  const pipe = folder.file('pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('sh', ['-c', 'printf mine > "$0"', pipe], { stdio: 'ignore' });
  t.after(() => writer.kill('SIGKILL'));
  await eventually('it waits for a reader', () =>
    readFileSync(`/proc/${writer.pid}/syscall`, 'utf8').startsWith(`${OPENAT[process.arch]} `),
  );
  await assertAbsent(folder, 'pipe');
  // If the server had opened the pipe, the writer would have gone on, and be gone.
  assert.equal(execFileSync('head', ['-c', '4', pipe], { encoding: 'utf8', timeout: 20_000 }), 'mine');
});

test('devices are neither listed nor served', async (t) => {
  using folder = new SharedFolder();
  if (spawnSync('mknod', [folder.file('zero'), 'c', '1', '5']).status !== 0) {
    t.skip('making a device is not permitted here');
    return;
  }
  await assertAbsent(folder, 'zero');
});

test('names that cannot be asked for are not listed', async () => {
  using folder = new SharedFolder({
    'good-name_1.TXT': '',
    'with space': '',
    ñandú: '',
    'a+b': '',
    'a\nb': '',
    '...': '',
    '-rf': '',
  });
  assert.deepEqual(await listing(folder), ['-rf', 'good-name_1.TXT']);
});

test('hidden files are neither listed nor served, unless they are to be', async () => {
  using folder = new SharedFolder({ seen: 'x', '.hidden': 'secret', '...': 'dots' });
  for (const name of ['.hidden', '...']) await assertAbsent(folder, name);
  assert.deepEqual(await listing(folder), ['seen']);
  const { text } = await answerTo(
    folder,
    'get_slice .hidden 0 6 raw\r\nget_file_listing\r\nget_slice ... 0 4 raw\r\n',
    { hidden: true },
  );
  assert.match(text, /^0 OK\r\nContent-Length: 6\r\n\r\nsecret0 OK\r\n[\s\S]*dots$/);
  assert.match(text, /\r\n\.hidden\r\n/);
});

test('the operator is told of names that cannot be asked for', async () => {
  using folder = new SharedFolder({ good: '', 'with space': '', '\u009bñandú': '' });
  await using server = await serve(files({ dir: folder.path }));
  const log = new EventLog(server);
  const [notice] = await log.until('notice', 1);
  assert.match(String(notice?.message), /^2 files are not served, .*: "with space", "\\u009bñandú" \(in \//);
});

test('a link counts as the file it leads to when that is in the folder', { skip: !linux }, async () => {
  using folder = new SharedFolder({ target: 'here' });
  mkdirSync(folder.file('inner'));
  writeFileSync(folder.file('inner/deep'), 'deep');
  symlinkSync('target', folder.file('relative'));
  symlinkSync(folder.file('target'), folder.file('absolute'));
  symlinkSync('inner/deep', folder.file('deeper'));
  symlinkSync('relative', folder.file('chain'));
  linkSync(folder.file('target'), folder.file('hard'));
  const names = ['absolute', 'chain', 'deeper', 'hard', 'relative', 'target'];
  assert.deepEqual(await listing(folder), names);
  for (const name of names) {
    const { text } = await answerTo(folder, `get_slice ${name} 0 4 raw\r\n`);
    assert.equal(text.slice(-4), name === 'deeper' ? 'deep' : 'here');
  }
});

test('links that lead out, in whatever way, are neither listed nor served', async () => {
  using folder = new SharedFolder({ file: 'x' });
  writeFileSync(folder.outside('secret'), 'secret');
  mkdirSync(folder.outside('shared-too'));
  writeFileSync(folder.outside('shared-too/secret'), 'secret');
  mkdirSync(folder.file('inner'));
  symlinkSync('..', folder.file('inner/up'));
  const targets: Record<string, string> = {
    absolute: folder.outside('secret'),
    relative: '../secret',
    passwd: '/etc/passwd',
    'through-inner': 'inner/up/../secret',
    prefix: '../shared-too/secret',
    folder: '..',
    itself: '.',
    self: '/proc/self/environ',
    nowhere: 'nowhere-at-all',
    loop: 'loop',
  };
  for (const [name, target] of Object.entries(targets)) symlinkSync(target, folder.file(name));
  symlinkSync('absolute', folder.file('chain-0'));
  for (let i = 1; i < 60; i++) symlinkSync(`chain-${i - 1}`, folder.file(`chain-${i}`));
  for (const name of [...Object.keys(targets), 'chain-0', 'chain-10', 'chain-59'])
    await assertAbsent(folder, name);
  assert.deepEqual(await listing(folder), ['file']);
});

test('a folder that is itself reached by a link is served', { skip: !linux }, async () => {
  using folder = new SharedFolder();
  renameSync(folder.path, folder.outside('real'));
  symlinkSync('real', folder.path);
  writeFileSync(folder.file('file'), 'x');
  symlinkSync('file', folder.file('link'));
  assert.deepEqual(await listing(folder), ['file', 'link']);
  assert.match((await answerTo(folder, 'get_slice link 0 1 raw\r\n')).text, /x$/);
});

test('a file that becomes a pipe, or a link that leads out, while it is being opened is not', async () => {
  using folder = new SharedFolder();
  writeFileSync(folder.outside('secret'), 'secret');
  const shared = new Folder(folder.path, false);
  const name = folder.file('name');
  const replace = (make: () => void) => {
    rmSync(name, { force: true });
    make();
  };
  execFileSync('mkfifo', [folder.outside('pipe')]);
  for (let i = 0; i < 300; i++) {
    replace(() => writeFileSync(name, 'four'));
    const opening = shared.open('name');
    if (i % 2 === 0) replace(() => linkSync(folder.outside('pipe'), name));
    else replace(() => symlinkSync(folder.outside('secret'), name));
    const opened = await opening;
    assert.ok(opened === undefined || opened.size === 4);
    await opened?.close();
  }
});
