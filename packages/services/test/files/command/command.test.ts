import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { Command, directory, run, served } from '@zocalo/test-support/command.ts';
import { onTerminal } from '@zocalo/test-support/pseudo-terminal.ts';
import { type Answer, HANG_UP, knowing, naiveServer } from '../client/naive-server.ts';
import { variedBytes } from '../server/support.ts';

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
    readdirSync(join(import.meta.dirname, '../../../samples')).sort(),
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

test('sizes are printed a line each, with the name where there are several', async (t) => {
  const { where } = await shared(t);
  assert.deepEqual(await run(t, ['files', where, 'size', 'b.txt', 'large']), {
    status: 0,
    stdout: '5 b.txt\n3000000 large\n',
    stderr: '',
  });
  assert.equal((await run(t, ['files', where, 'size', 'large'])).stdout, '3000000\n');
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
  writeFileSync(join(cwd, 'large.12345678.zocalo-part'), content.subarray(0, 1_234_567));
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

const misused: [args: string[], text: RegExp][] = [
  [['files', 'localhost', 'dance'], /dance needs the name of a file|there is no "dance"/],
  [['files', 'localhost', 'dance', 'f'], /there is no "dance" here: it is ls, size, digest or get/],
  [['files', 'localhost', 'ls', 'f'], /ls takes no names/],
  [['files', 'localhost', 'get'], /get needs the name of a file/],
  [['files', 'localhost', 'get', '../f'], /cannot be the name of a file/],
  [['files', 'localhost', 'get', 'a b'], /cannot be the name of a file/],
  [['files', 'localhost', 'get', '..'], /cannot be the name of a file/],
  [['files', 'localhost', 'get', 'a\x1b[2J'], /"a\^\[\[2J" cannot be the name of a file/],
  [['files', 'localhost', 'get', 'a', '-o', 'no/'], /there is no folder no\//],
  [['files', 'localhost', 'get', 'a', '--retry', '-1'], /--retry must be/],
  [
    ['files', 'localhost', 'get', 'a', 'b', '-o', 'c'],
    /--output names one file, and there are several; a folder would take them all/,
  ],
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
for (const [args, text] of misused) {
  test(`zocalo ${args.join(' ')} is refused in one line`, async (t) => {
    const { status, stdout, stderr } = await run(t, args, { cwd: directory(t) });
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /^zocalo: [^\n]+\n$/);
    assert.match(stderr, text);
  });
}

test('where no server listens, one line says so', async (t) => {
  assert.deepEqual(await run(t, ['files', '127.0.0.1:1', 'ls']), {
    status: 1,
    stdout: '',
    stderr: 'zocalo: nothing listens on 127.0.0.1:1\n',
  });
});

test('the command says which folder it shares', async (t) => {
  const folder = directory(t);
  const { command } = await served(t, 'files', [folder]);
  assert.match(command.stdout, /^files: listening on \S+ \(\w+\), shares \//);
  assert.ok(command.stdout.includes(`, shares ${folder}  try: `));
  const hidden = await served(t, 'files', ['--dir', folder, '--hidden']);
  assert.ok(hidden.command.stdout.includes(`, shares ${folder} with its hidden files  try: `));
  const samples = await served(t, 'files');
  assert.match(samples.command.stdout, /, shares \/.*\/samples {2}try: /);
});

test('hidden files are shared when that is asked for', async (t) => {
  const folder = directory(t, { '.hidden': 'secret', seen: '' });
  const { port } = await served(t, 'files', [folder]);
  assert.equal((await run(t, ['files', `:${port}`, 'ls'])).stdout, 'seen\n');
  assert.equal((await run(t, ['files', `:${port}`, 'get', '.hidden', '-o', '-'])).status, 1);
  const all = await served(t, 'files', [folder, '--hidden']);
  assert.equal((await run(t, ['files', `:${all.port}`, 'ls'])).stdout, '.hidden\nseen\n');
  assert.equal((await run(t, ['files', `:${all.port}`, 'get', '.hidden', '-o', '-'])).stdout, 'secret');
});

test('the long listing has sizes and times', async (t) => {
  const folder = directory(t, { a: 'hello', 'b.txt': 'x'.repeat(12_345), 'c d': '' });
  utimesSync(join(folder, 'a'), 86_400, 86_400);
  utimesSync(join(folder, 'b.txt'), 1_700_000_000, 1_700_000_000);
  const { port } = await served(t, 'files', [folder]);
  const expected = {
    status: 0,
    stdout: '    5  1970-01-02 01:00  a\n12345  2023-11-14 23:13  b.txt\n',
    stderr: 'zocalo: 1 file has a name that cannot be asked for: "c d"\n',
  };
  const env = { TZ: 'Etc/GMT-1' };
  assert.deepEqual(await run(t, ['files', `:${port}`, 'ls', '-l'], { env }), expected);
});

/** A server of one file that tells nothing but names and sizes; it is asked for one line after the other. */
const plain: Answer = (request) => {
  const [command, name] = request.split(' ');
  if (request.endsWith(' full')) return ['201 no\r\n'];
  if (command === 'get_file_listing')
    return [
      '0 OK\r\n',
      Buffer.from('ñandú\r\n\x1b[2Jclear\r\n\u009b31mred\r\n\u202egpj.exe\r\n\r\n'),
      Buffer.from(''),
    ];
  if (command === 'get_metadata') return name === 'Ã±andÃº' ? ['0 OK\r\n5\r\n'] : ['202 no \x1b[2J\r\n'];
  return command === 'get_slice' ? ['0 OK\r\nContent-Length: 5\r\n\r\nhello'] : ['0 OK\r\n'];
};

test('what a server says cannot steer the terminal, and names in UTF-8 are shown, and can be asked for', async (t) => {
  await using server = await naiveServer(plain);
  const where = `:${server.port}`;
  const { stdout } = await run(t, ['files', where, 'ls']);
  assert.deepEqual(stdout.trimEnd().split('\n').sort(), [
    '<202e>gpj.exe',
    '<9b>31mred',
    '^[[2Jclear',
    'ñandú',
  ]);
  const long = await run(t, ['files', where, 'ls', '-l']);
  assert.equal(long.stdout, '5  -                 ñandú\n');
  const cwd = directory(t);
  assert.equal((await run(t, ['files', where, 'get', 'ñandú'], { cwd })).status, 0);
  assert.equal(readFileSync(join(cwd, 'ñandú'), 'utf8'), 'hello');
  const { stderr } = await run(t, ['files', where, 'size', 'x']);
  assert.equal(stderr, 'zocalo: x: the server says "202 no \\u001b[2J"\n');
});

test('digests are printed as sha256sum checks them, where the server tells them', async (t) => {
  const { where, folder } = await shared(t);
  const { status, stdout } = await run(t, ['files', where, 'digest', 'large', 'a.txt', 'nobody']);
  assert.equal(status, 1);
  assert.equal(
    execFileSync('sha256sum', ['-c'], { input: stdout, cwd: folder, encoding: 'utf8' }),
    'large: OK\na.txt: OK\n',
  );
  await using server = await naiveServer(plain);
  const asked = await run(t, ['files', `:${server.port}`, 'digest', 'ñandú']);
  assert.equal(asked.status, 1);
  assert.match(asked.stderr, /ñandú: the server tells no digests; fetch it with get/);
});

test('a download is verified unless it is not to be', async (t) => {
  const cwd = directory(t);
  for (const flags of [[], ['--no-verify']]) {
    await using server = await naiveServer(knowing(content));
    const { status } = await run(t, ['files', `:${server.port}`, 'get', 'f', ...flags], { cwd });
    assert.equal(status, 0);
    assert.equal(
      server.requests.some((request) => request.endsWith(' sha256')),
      flags.length === 0,
    );
  }
});

test('several files go into a folder', async (t) => {
  const { where } = await shared(t);
  const cwd = directory(t);
  mkdirSync(join(cwd, 'here'));
  assert.equal((await run(t, ['files', where, 'get', 'a.txt', 'b.txt', '-o', 'here'], { cwd })).status, 0);
  assert.deepEqual(readdirSync(join(cwd, 'here')).sort(), ['a.txt', 'b.txt']);
});

test('standard output that is not read, or has no room, fails in one line', async (t) => {
  const { where } = await shared(t);
  const full = (command: readonly string[]) => ['sh', '-c', 'exec "$@" > /dev/full', 'sh', ...command];
  for (const [args, name] of [
    [['get', 'large', '-o', '-'], 'large: '],
    [['ls'], ''],
    [['size', 'large'], 'large: '],
    [['digest', 'large'], 'large: '],
  ] as const) {
    const { status, stderr } = await run(t, ['files', where, ...args], { via: full });
    assert.equal(status, 1);
    assert.equal(stderr, `zocalo: ${name}no space is left for standard output (ENOSPC)\n`);
  }
  const command = new Command(t, ['files', where, 'get', 'large', '-o', '-']);
  command.process.stdout?.destroy();
  assert.equal(await command.exited(), 1);
  assert.equal(command.stderr, 'zocalo: large: no process reads standard output any more (EPIPE)\n');
});

test('a slow reader of standard output gets every byte, although the server does not wait for it', async (t) => {
  const folder = directory(t);
  const bytes = variedBytes(20_000_000);
  writeFileSync(join(folder, 'large'), bytes);
  const { port, command: server } = await served(t, 'files', [folder, '--write-timeout', '1500ms']);
  const command = new Command(t, ['files', `:${port}`, 'get', 'large', '-o', '-']);
  command.process.stdout?.pause();
  await server.printed(/write-timeout/, 'stderr');
  command.process.stdout?.resume();
  assert.equal(await command.exited(), 0, command.stderr);
  assert.ok(command.stdoutBytes.equals(bytes));
});

test('a download that breaks says where what has come is, and what to do', async (t) => {
  const cwd = directory(t);
  await using server = await naiveServer((request) => {
    if (request.startsWith('get_metadata')) return ['0 OK\r\n10\r\n'];
    return ['0 OK\r\nContent-Length: 10\r\n\r\nhalf', HANG_UP];
  });
  const args = ['files', `:${server.port}`, 'get', 'f', '--retry', '1'];
  const { status, stderr } = await run(t, args, { cwd });
  assert.equal(status, 1);
  const [again = '', failed = ''] = stderr.split('\n');
  assert.match(again, /^zocalo: f: the server closed the connection .*; again in [\d.]+ s \(1 of 1\)$/);
  const kept = /; [48] of 10 B are in (f\.[0-9a-f]{8}\.zocalo-part), and --resume goes on with them$/.exec(
    failed,
  );
  assert.ok(kept, failed);
  assert.deepEqual(readdirSync(cwd), [kept[1]]);
});

const { via, skip } = onTerminal;
const terminal = via === undefined ? {} : { via };
/** Erases the rest of a line (ECMA-48, EL). */
const ERASE = '\x1b[K';

test('on a terminal a bar shows how far it is, and a line what has come', { skip }, async (t) => {
  const { where } = await shared(t);
  const cwd = directory(t);
  const command = new Command(t, ['files', where, 'get', 'large', 'b.txt'], { cwd, ...terminal });
  assert.equal(await command.exited(), 0);
  const printed = stripVTControlCharacters(command.stdout);
  assert.match(printed, /large [█░]+ \d+% [\d.]+ of 2\.9 MiB/);
  assert.match(printed, /large: 2\.9 MiB, in [\d.]+ s, [\d.]+ [KM]iB\/s, verified\r?\n/);
  assert.match(printed, /b\.txt [█░]+ \d+% \d of 5 B/);
  // Nothing is drawn that stays: each drawing begins at the left, and the last thing before a line of text is an erasure.
  assert.ok(command.stdout.includes(`\r${ERASE}large: 2`));
  assert.ok(!command.stdout.includes('\x1b[?'), 'the cursor or the wrapping was touched');
  assert.ok(readFileSync(join(cwd, 'large')).equals(content));
});

test('on a terminal that shows the bytes themselves there is no bar among them', { skip }, async (t) => {
  const { where } = await shared(t);
  const command = new Command(t, ['files', where, 'get', 'b.txt', '-o', '-'], terminal);
  assert.equal(await command.exited(), 0);
  assert.equal(command.stdout, 'hello');
});

test('Ctrl-C ends a download, leaves the terminal as it was, and says what has come', { skip }, async (t) => {
  await using server = await naiveServer((request) => {
    if (request.startsWith('get_metadata')) return ['0 OK\r\n10\r\n'];
    return ['0 OK\r\nContent-Length: 10\r\n\r\nhalf'];
  });
  const cwd = directory(t);
  const command = new Command(t, ['files', `:${server.port}`, 'get', 'f'], { cwd, ...terminal });
  await command.until('the bar', () => (command.stdout.includes('% 4 of 10 B') ? true : undefined));
  command.type('\x03');
  assert.equal(await command.exited(), 130);
  assert.ok(!command.stdout.includes('\x1b[?'), 'the cursor or the wrapping was touched');
  const [, text = ''] = command.stdout.split(`\r${ERASE}`);
  assert.match(
    text,
    /^zocalo: f: it was broken off; 4 of 10 B are in f\.\w+\.zocalo-part, and --resume goes on with them\r\n$/,
  );
});
