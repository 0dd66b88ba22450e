import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { type Server, serve } from 'zocalo';
import { downloadToFile } from '../../../src/files/client/download.ts';
import { UnfinishedError } from '../../../src/files/client/errors.ts';
import files from '../../../src/files/server/files.ts';
import { SharedFolder, variedBytes } from '../server/support.ts';

const content = variedBytes(5_000_001);
const longest = 'n'.repeat(255);
const shared = new SharedFolder({
  f: content,
  a: 'the file a',
  'a.part': 'the file a.part',
  [longest]: content,
});
const server: Server = await serve(files({ dir: shared.path }));
const target = server.address;
after(async () => {
  await server.close();
  shared[Symbol.dispose]();
});

const isRoot = process.getuid?.() === 0;

test('a device is written into, and stays what it is', async () => {
  const { length } = await downloadToFile(target, 'f', '/dev/null');
  assert.equal(length, content.length);
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
});

test('a device without room is said to have none', async () => {
  await assert.rejects(
    downloadToFile(target, 'f', '/dev/full'),
    /no space is left for \/dev\/full \(ENOSPC\)/,
  );
});

test('a pipe is written into, and stays what it is', async () => {
  using folder = new TemporaryFolder();
  const pipe = folder.file('pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('sha256sum', [pipe]);
  let printed = '';
  reader.stdout.on('data', (bytes) => (printed += bytes));
  await Promise.all([downloadToFile(target, 'f', pipe), once(reader, 'close')]);
  const [digest] = execFileSync('sha256sum', [shared.file('f')], { encoding: 'utf8' }).split(' ');
  assert.ok(printed.startsWith(`${digest} `));
  assert.ok(lstatSync(pipe).isFIFO());
  await assert.rejects(downloadToFile(target, 'f', pipe, { resume: true }), /not a regular file/);
});

test('a file keeps its mode, and a new one has that of new files', async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('plain'), '');
  await downloadToFile(target, 'f', folder.file('new'));
  assert.equal(statSync(folder.file('new')).mode, statSync(folder.file('plain')).mode);
  for (const mode of [0o755, 0o600, 0o4711]) {
    chmodSync(folder.file('new'), mode);
    await downloadToFile(target, 'f', folder.file('new'));
    assert.equal(statSync(folder.file('new')).mode & 0o7777, mode);
  }
});

test('a part of a file that others may not read cannot be read by others either', async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('private'), '', { mode: 0o600 });
  let mode: number | undefined;
  await downloadToFile(target, 'f', folder.file('private'), {
    onProgress() {
      const [partial] = readdirSync(folder.path).filter((name) => name.endsWith('.zocalo-part'));
      mode ??= partial === undefined ? undefined : statSync(folder.file(partial)).mode & 0o777;
    },
  });
  assert.equal(mode, 0o600);
});

test('a file keeps its owner', {
  skip: isRoot ? false : 'only the superuser may give files away',
}, async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('f'), '', { mode: 0o640 });
  chownSync(folder.file('f'), 12_345, 54_321);
  await downloadToFile(target, 'f', folder.file('f'));
  const { uid, gid, mode } = statSync(folder.file('f'));
  assert.deepEqual([uid, gid, mode & 0o7777], [12_345, 54_321, 0o640]);
});

/** A user without rights. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const module = new URL('../../../src/files/client/download.ts', import.meta.url);
const [setpriv = '', ...asNobody] = NOBODY;
const readable = () => spawnSync(setpriv, [...asNobody, 'test', '-r', fileURLToPath(module)]).status === 0;

test('what belongs to another user and may be written is written into', {
  skip:
    isRoot && readable() ? false : 'only the superuser can become another user, who must have the sources',
}, async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('f');
  writeFileSync(path, 'x'.repeat(content.length + 1));
  chmodSync(path, 0o666);
  chmodSync(folder.path, 0o777);
  const { ino } = statSync(path);
  const program = `
    import { downloadToFile } from ${JSON.stringify(module.href)};
    await downloadToFile(${JSON.stringify(target)}, 'f', ${JSON.stringify(path)});
  `;
  const args = [...asNobody, process.execPath, '--input-type=module', '-e', program];
  await promisify(execFile)(setpriv, args);
  const now = statSync(path);
  assert.deepEqual([now.ino, now.uid, now.mode & 0o7777], [ino, process.getuid?.(), 0o666]);
  assert.ok(readFileSync(path).equals(content));
  assert.deepEqual(readdirSync(folder.path), ['f']);
});

test('a link stays, and the file that it leads to is replaced, or made', async () => {
  using folder = new TemporaryFolder();
  mkdirSync(folder.file('inner'));
  writeFileSync(folder.file('inner/target'), 'old');
  symlinkSync('inner/target', folder.file('link'));
  symlinkSync('link', folder.file('chain'));
  symlinkSync('inner/not-yet', folder.file('dangling'));
  symlinkSync('circle', folder.file('circle'));
  for (const name of ['chain', 'dangling']) await downloadToFile(target, 'f', folder.file(name));
  assert.equal(readlinkSync(folder.file('chain')), 'link');
  assert.equal(readlinkSync(folder.file('link')), 'inner/target');
  assert.equal(readlinkSync(folder.file('dangling')), 'inner/not-yet');
  assert.deepEqual(readdirSync(folder.file('inner')).sort(), ['not-yet', 'target']);
  for (const name of readdirSync(folder.file('inner')))
    assert.ok(readFileSync(folder.file(`inner/${name}`)).equals(content));
  await assert.rejects(downloadToFile(target, 'f', folder.file('circle')), /links lead in a circle/);
});

test('files of others that look like partial ones are left alone', async () => {
  using folder = new TemporaryFolder();
  for (const name of ['a.part', 'a.12345678.part', 'a.x.zocalo-part'])
    writeFileSync(folder.file(name), 'my own');
  await downloadToFile(target, 'a', folder.file('a'));
  await downloadToFile(target, 'a', folder.file('a'), { resume: true });
  assert.equal(readFileSync(folder.file('a'), 'utf8'), 'the file a');
  assert.equal(readFileSync(folder.file('a.part'), 'utf8'), 'my own');
  await downloadToFile(target, 'a.part', folder.file('a.part'));
  await downloadToFile(target, 'a', folder.file('a'));
  assert.equal(readFileSync(folder.file('a.part'), 'utf8'), 'the file a.part');
  assert.equal(readFileSync(folder.file('a.x.zocalo-part'), 'utf8'), 'my own');
});

test('what earlier downloads have left is left alone, and said', async () => {
  using folder = new TemporaryFolder();
  const partial = folder.file('a.12345678.zocalo-part');
  writeFileSync(partial, 'the');
  const { notes } = await downloadToFile(target, 'a', folder.file('a'));
  assert.deepEqual(notes, [`earlier downloads have left ${partial}; nothing needs that any more`]);
  assert.equal(readFileSync(partial, 'utf8'), 'the');
});

for (const resume of [false, true]) {
  test(`several downloads of a file at once ${resume ? 'that are to be continued ' : ''}end well, each by itself`, async () => {
    using folder = new TemporaryFolder();
    const path = folder.file('f');
    if (resume) writeFileSync(`${path}.12345678.zocalo-part`, content.subarray(0, 1_000_000));
    const done = await Promise.all(
      Array.from({ length: 4 }, () => downloadToFile(target, 'f', path, { resume })),
    );
    assert.ok(readFileSync(path).equals(content));
    assert.ok(done.every(({ verified }) => verified));
    // One has gone on with what was there, and the others have not touched it.
    assert.equal(done.filter(({ came }) => came < content.length).length, resume ? 1 : 0);
    assert.deepEqual(readdirSync(folder.path), ['f']);
  });
}

test('a file may have the longest name that there is', async () => {
  using folder = new TemporaryFolder();
  await downloadToFile(target, longest, folder.file(longest));
  assert.ok(readFileSync(folder.file(longest)).equals(content));
  writeFileSync(folder.file(longest), content.subarray(0, 1_000));
  await downloadToFile(target, longest, folder.file(longest), { resume: true });
  assert.ok(readFileSync(folder.file(longest)).equals(content));
});

test('a folder, a folder that is not there, and what is no folder, are said', async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('file'), '');
  await assert.rejects(downloadToFile(target, 'f', folder.path), /is a folder; -o names a file/);
  await assert.rejects(
    downloadToFile(target, 'f', folder.file('no/f')),
    /there is no folder .*\/no \(ENOENT\)/,
  );
  await assert.rejects(
    downloadToFile(target, 'f', folder.file('file/f')),
    /\/file is not a folder \(ENOTDIR\)/,
  );
});

test('where nothing may be written, that is said before anything is fetched', {
  skip: isRoot ? 'the superuser may write everywhere' : false,
}, async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('mine'), 'kept', { mode: 0o400 });
  let came = 0;
  const options = { onProgress: (there: number) => (came = there) };
  await assert.rejects(downloadToFile(target, 'f', folder.file('mine'), options), /mine may not be written/);
  assert.equal(readFileSync(folder.file('mine'), 'utf8'), 'kept');
  chmodSync(folder.path, 0o500);
  await assert.rejects(downloadToFile(target, 'f', folder.file('f'), options), /f may not be written/);
  assert.equal(came, 0);
  chmodSync(folder.path, 0o700);
});

test('what something else has written into is not taken for the file', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('f');
  const meddle = () => {
    for (const name of readdirSync(folder.path)) writeFileSync(folder.file(name), 'x', { flag: 'a' });
  };
  const onProgress = (there: number) => there === content.length && meddle();
  const fetching = downloadToFile(target, 'f', path, { onProgress });
  await assert.rejects(fetching, /something else has written into it/);
  assert.ok(!existsSync(path));
});

test('a disk that is full ends a download, and what has come can be continued', async () => {
  using folder = new TemporaryFolder();
  const program = `
    import { downloadToFile } from ${JSON.stringify(new URL('../../../src/files/client/download.ts', import.meta.url).href)};
    const failed = await downloadToFile(${JSON.stringify(target)}, 'f', ${JSON.stringify(folder.file('f'))}).catch((error) => error);
    console.log(failed.constructor.name, failed.message);
  `;
  // A limit on the size of files stands for a full disk; it counts in blocks of 512 bytes or 1 KiB.
  const limited = ['-c', 'ulimit -f 1000; exec "$0" --input-type=module -e "$1"', process.execPath, program];
  const child = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (bytes) => (printed += bytes));
  await once(child, 'close');
  assert.match(printed, new RegExp(`^${UnfinishedError.name} .*f may not become that large .*EFBIG`));
  const [partial = ''] = readdirSync(folder.path);
  assert.match(partial, /^f\.[0-9a-f]{8}\.zocalo-part$/);
  assert.ok(statSync(folder.file(partial)).size > 0);
  const { came } = await downloadToFile(target, 'f', folder.file('f'), { resume: true });
  assert.ok(came < content.length);
  assert.ok(readFileSync(folder.file('f')).equals(content));
  assert.deepEqual(readdirSync(folder.path), ['f']);
});
