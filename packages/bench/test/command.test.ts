import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, directory, type Outcome, run } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { models } from 'zocalo';

const skip = process.platform === 'linux' ? false : 'measuring needs Linux';
const names = models.join(', ');

const misuses: readonly (readonly [line: string, complaint: string])[] = [
  ['sleeping', '"sleeping" cannot be measured; give idle, active, or neither'],
  [
    'idle active',
    "too many arguments for 'bench'. Expected 1 argument but got 2: idle, active (see zocalo bench --help)",
  ],
  [
    '--models epoll,quantum',
    `--models must be one of ${names}, or several with commas between, not "epoll,quantum"`,
  ],
  [
    '--models poll,epol',
    `--models must be one of ${names}, or several with commas between, not "poll,epol" (did you mean epoll?)`,
  ],
  ['--models ,', `--models must be one of ${names}, or several with commas between, not ","`],
  ['--clients 0', '--clients must be a whole number of 1 or more, or several with commas between, not "0"'],
  [
    '--clients 1,x',
    '--clients must be a whole number of 1 or more, or several with commas between, not "1,x"',
  ],
  ['--idle -1', '--idle must be a whole number of 0 or more, or several with commas between, not "-1"'],
  ['--active 0', '--active must be a whole number of 1 or more, not "0"'],
  ['--bytes 0', '--bytes must be a whole number from 1 to 1048576, not "0"'],
  ['--seconds 0', '--seconds must be a number of seconds from 0.1 to 600, not "0"'],
  ['--seconds 1s', '--seconds must be a number of seconds from 0.1 to 600, not "1s"'],
  ['--rounds 0', '--rounds must be a whole number from 1 to 99, not "0"'],
  ['--workers 0', '--workers must be a whole number from 1 to 256, not "0"'],
  ['--workers 2 --isolation box', '--isolation must be one of thread, process, not "box"'],
  ['--isolation thread', '--isolation needs --workers'],
  ['--round 1', "unknown option '--round' (did you mean --rounds?)"],
];

for (const [line, complaint] of misuses) {
  test(`zocalo bench ${line}: one line on stderr and exit status 2`, async (t) => {
    const { status, stdout, stderr } = await run(t, ['bench', ...line.split(' ')]);
    assert.deepEqual({ status, stdout, stderr }, { status: 2, stdout: '', stderr: `zocalo: ${complaint}\n` });
  });
}

test('zocalo bench --help says what it does, with examples, in lines that fit a terminal', async (t) => {
  const { status, stdout, stderr } = await run(t, ['bench', '--help']);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  assert.match(stdout, /^Usage: zocalo bench \[idle\|active\] \[flags\]\n/);
  assert.match(stdout, /\nExamples:\n {2}zocalo bench\n/);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
});

/** A run that is as short as can be, in a directory of its own. */
async function bench(t: TestContext, line: string): Promise<Outcome & { cwd: string }> {
  const cwd = directory(t);
  const args = `bench ${line} --seconds 0.1 --rounds 1 --out results`;
  return { cwd, ...(await run(t, args.split(' '), { cwd })) };
}

test('both sweeps: tables on stdout, progress on stderr, figures and charts in the directory', {
  skip,
}, async (t) => {
  const outcome = await bench(t, '--models epoll,libuv --clients 1,3 --idle 0,20 --active 2');
  assert.equal(outcome.status, 0, outcome.stderr);
  for (const head of ['CPU µs/message  0 idle  20 idle', 'messages/s  1 active  3 active'])
    assert.match(outcome.stdout.replace(/ {2,}/g, '  '), new RegExp(`^${head}$`, 'm'));
  assert.match(outcome.stdout, /^epoll +\d+\.\d\d +\d+\.\d\d$/m);
  assert.ok(
    outcome.stdout.endsWith('\n\nresults/results.json\nresults/idle.svg\nresults/active.svg\n'),
    outcome.stdout,
  );

  const lines = outcome.stderr
    .trimEnd()
    .split('\n')
    .filter((line) => line.startsWith('['));
  assert.equal(lines.length, 8);
  assert.match(
    lines[0] ?? '',
    /^\[1\/8\] round 1, 2 active, 0 idle, epoll: [\d,]+ msg\/s, CPU [\d.,]+ µs\/msg$/,
  );

  const results = JSON.parse(readFileSync(join(outcome.cwd, 'results/results.json'), 'utf8'));
  assert.equal(results.machine.node, process.version);
  assert.equal(results.measurements.length, 8);
  assert.ok(
    results.measurements.every(({ result }: { result: { messages: number } }) => result.messages > 0),
  );
  assert.equal(results.summary.length, 8);
  for (const chart of ['idle', 'active'])
    assert.match(readFileSync(join(outcome.cwd, `results/${chart}.svg`), 'utf8'), /^<svg .*<\/svg>\n$/s);
});

test('a number of clients that a model cannot serve by its nature is left out, with the cause', {
  skip,
}, async (t) => {
  const { status, stdout, stderr } = await bench(t, 'active --models iterative,epoll --clients 1,2');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^iterative +[\d,]+ +–$/m);
  assert.match(stdout, /^– iterative serves one client at a time$/m);
});

test('Ctrl-C ends what was started, writes nothing and ends with the status of an interrupt', {
  skip,
}, async (t) => {
  const cwd = directory(t);
  const args = 'bench idle --models epoll --idle 5 --seconds 60 --out results';
  const command = new Command(t, args.split(' '), { cwd });
  const children = await eventually('a server and a generator', () => {
    const found = childrenOf(command.process.pid as number);
    return found.length === 2 && found;
  });
  command.signal('SIGINT');
  assert.equal(await command.exited(), 130);
  assert.match(command.stderr, /\nzocalo: interrupted; nothing was written\n$/);
  assert.equal(command.stdout, '');
  assert.deepEqual(readdirSync(cwd), []);
  for (const pid of children) await eventually('their end', () => !existsSync(`/proc/${pid}`));
});

test('a directory that cannot be made is one line, before anything is measured', { skip }, async (t) => {
  const { status, stdout, stderr } = await run(t, ['bench', '--out', '/dev/null/results']);
  assert.deepEqual(
    { status, stdout, stderr },
    { status: 1, stdout: '', stderr: 'zocalo: cannot write to /dev/null/results: ENOTDIR\n' },
  );
});

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  return text.split(' ').filter(Boolean).map(Number);
}
