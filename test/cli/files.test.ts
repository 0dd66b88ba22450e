import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { HANG_UP, naiveServer } from '../client/files/naive-server.ts';
import { variedBytes } from '../services/files/support.ts';
import { onTerminal } from './pseudo-terminal.ts';
import { Command, directory, run, served } from './support.ts';

const content = variedBytes(3_000_000);

/** A folder that is served, and where. */
async function shared(t: TestContext, ...flags: string[]): Promise<{ where: string; folder: string }> {
  const folder = directory(t, { 'b.txt': 'hello', 'a.txt': '', 'C.txt': 'x' });
  writeFileSync(join(folder, 'large'), content);
  const { host, port } = await served(t, 'files', [folder, ...flags]);
  return { where: `${host}:${port}`, folder };
}

test('a folder is served behind the name of the service or with --dir, and listed in order', async (t) => {
  const { where, folder } = await shared(t);
  assert.deepEqual(await run(t, ['files', where, 'ls']), {
    status: 0,
    stdout: 'C.txt\na.txt\nb.txt\nlarge\n',
    stderr: '',
  });
  const { port } = await served(t, 'files', ['--dir', folder, '--slices', 'blocks', '--max-line', '1KiB']);
  assert.equal((await run(t, ['files', `:${port}`, 'ls'])).stdout, 'C.txt\na.txt\nb.txt\nlarge\n');
});

test('without a folder a few samples are served', async (t) => {
  const { port } = await served(t, 'files');
  const { stdout } = await run(t, ['files', `:${port}`, 'ls']);
  assert.deepEqual(
    stdout.trimEnd().split('\n'),
    readdirSync(join(import.meta.dirname, '../../samples')).sort(),
  );
});

test('a file for up may name the folder, seen from where the file is', async (t) => {
  const where = directory(t, {
    'z.toml': '[servers.mine]\nservice = "files"\nport = 0\ndir = "data"\nslices = "raw"\n',
  });
  mkdirSync(join(where, 'data'));
  writeFileSync(join(where, 'data/here'), '');
  const command = new Command(t, ['up', join(where, 'z.toml'), '--quiet']);
  const [, port] = await command.printed(
    /^mine +127\.0\.0\.1:(\d+) +printf 'get_file_listing.*nc 127\.0\.0\.1 \d+\n/m,
  );
  assert.equal((await run(t, ['files', `:${port}`, 'ls'])).stdout, 'here\n');
});

test('sizes are printed a line each', async (t) => {
  const { where } = await shared(t);
  assert.deepEqual(await run(t, ['files', where, 'size', 'b.txt', 'large']), {
    status: 0,
    stdout: '5\n3000000\n',
    stderr: '',
  });
});

test('files are fetched into the current directory, quietly, and every byte is right', async (t) => {
  const { where } = await shared(t);
  const cwd = directory(t, { 'b.txt': 'old and longer than the new one' });
  assert.deepEqual(await run(t, ['files', where, 'get', 'large', 'b.txt', 'a.txt'], { cwd }), {
    status: 0,
    stdout: '',
    stderr: '',
  });
  assert.deepEqual(readdirSync(cwd).sort(), ['a.txt', 'b.txt', 'large']);
  assert.ok(readFileSync(join(cwd, 'large')).equals(content));
  assert.equal(readFileSync(join(cwd, 'b.txt'), 'utf8'), 'hello');
});

test('a part of a file goes to another name, or to standard output', async (t) => {
  const { where } = await shared(t);
  const cwd = directory(t);
  const part = ['--offset', '1000', '--length', '2000000', '--parallel', '3'];
  assert.equal((await run(t, ['files', where, 'get', 'large', '-o', 'part', ...part], { cwd })).status, 0);
  assert.ok(readFileSync(join(cwd, 'part')).equals(content.subarray(1_000, 2_001_000)));
  const command = new Command(t, ['files', where, 'get', 'large', '-o', '-', ...part]);
  assert.equal(await command.exited(), 0);
  assert.ok(command.stdoutBytes.equals(content.subarray(1_000, 2_001_000)));
});

test('a download is resumed', async (t) => {
  const { where } = await shared(t, '--slices', 'base64-lines');
  const cwd = directory(t);
  writeFileSync(join(cwd, 'large.part'), content.subarray(0, 1_234_567));
  const args = ['files', where, 'get', 'large', '--resume', '--slices', 'base64-lines'];
  assert.equal((await run(t, args, { cwd })).status, 0);
  assert.ok(readFileSync(join(cwd, 'large')).equals(content));
  assert.deepEqual(readdirSync(cwd), ['large']);
});

test('a file that cannot be had makes the status 1, and the others are fetched nevertheless', async (t) => {
  const { where } = await shared(t);
  const cwd = directory(t);
  assert.deepEqual(await run(t, ['files', where, 'get', 'nobody', 'b.txt'], { cwd }), {
    status: 1,
    stdout: '',
    stderr: 'zocalo: nobody: the server says "202 no such file"\n',
  });
  assert.deepEqual(readdirSync(cwd), ['b.txt']);
});

test('a server that hangs up in the middle makes the status 1, and the file does not appear', async (t) => {
  await using server = await naiveServer((request) =>
    request.startsWith('get_metadata')
      ? ['0 OK\r\n10\r\n']
      : ['0 OK\r\nContent-Length: 10\r\n\r\nhalf', HANG_UP],
  );
  const cwd = directory(t);
  const { status, stderr } = await run(t, ['files', `:${server.port}`, 'get', 'f'], { cwd });
  assert.equal(status, 1);
  assert.match(stderr, /^zocalo: [^\n]+\n$/);
  assert.ok(!existsSync(join(cwd, 'f')));
});

const misused: [args: string[], words: RegExp][] = [
  [['files', 'localhost', 'dance'], /dance needs the name of a file|there is no "dance"/],
  [['files', 'localhost', 'dance', 'f'], /there is no "dance" here: it is ls, size or get/],
  [['files', 'localhost', 'ls', 'f'], /ls takes no names/],
  [['files', 'localhost', 'get'], /get needs the name of a file/],
  [['files', 'localhost', 'get', '../f'], /cannot be the name of a file/],
  [['files', 'localhost', 'get', 'a b'], /cannot be the name of a file/],
  [['files', 'localhost', 'get', 'a', 'b', '-o', 'c'], /--output names one file/],
  [['files', 'localhost', 'get', 'a', '-o', '-', '--resume'], /--resume cannot/],
  [['files', 'localhost', 'get', 'a', '--parallel', '0'], /--parallel must be/],
  [['files', 'a:b:c', 'ls'], /not a place to connect to/],
  [['files', 'localhost'], /missing required argument/],
  [['serve', 'files', './nowhere'], /dir must be the path of a folder, not ".\/nowhere"/],
  [['serve', 'files', '--dir', './nowhere'], /--dir must be the path of a folder/],
  [['serve', 'files', '--slices', 'hex'], /--slices must be one of base64, base64-lines, blocks, raw/],
  [
    ['serve', 'files', '--max-line', '8'],
    /--max-line must be a size such as 64KiB or 8MiB, from 512B to 256MiB/,
  ],
  [['serve', 'files', '--max-line', '1B'], /--max-line must be a size/],
];
for (const [args, words] of misused) {
  test(`zocalo ${args.join(' ')} is refused in one line`, async (t) => {
    const { status, stdout, stderr } = await run(t, args, { cwd: directory(t) });
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /^zocalo: [^\n]+\n$/);
    assert.match(stderr, words);
  });
}

test('where nobody listens, one line says so', async (t) => {
  assert.deepEqual(await run(t, ['files', '127.0.0.1:1', 'ls']), {
    status: 1,
    stdout: '',
    stderr: 'zocalo: nobody listens on 127.0.0.1:1\n',
  });
});

const { via, skip } = onTerminal;
test('on a terminal a bar shows how far it is', {
  skip,
}, async (t) => {
  const { where } = await shared(t);
  const cwd = directory(t);
  const command = new Command(t, ['files', where, 'get', 'large'], {
    cwd,
    ...(via === undefined ? {} : { via }),
  });
  assert.equal(await command.exited(), 0);
  assert.match(stripVTControlCharacters(command.stdout), /large [█░]+ \d+% [\d.]+ of 2\.9 MiB/);
  assert.ok(readFileSync(join(cwd, 'large')).equals(content));
});
