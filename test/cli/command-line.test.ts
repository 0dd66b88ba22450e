import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { services } from '../../src/services/registry.ts';
import { directory, MAIN, run } from './support.ts';

const names = services.map(({ name }) => name).join(', ');

const misuses: readonly (readonly [line: string, complaint: string])[] = [
  ['serv', `unknown command 'serv' (did you mean serve?)`],
  ['dance', `unknown command 'dance' (see zocalo --help)`],
  ['--loud', `unknown option '--loud' (see zocalo --help)`],
  ['serve', `missing required argument 'service' (see zocalo serve --help)`],
  ['serve echo --prot 1', `unknown option '--prot' (did you mean --port?)`],
  [
    'serve echo reverse',
    `too many arguments for 'serve'. Expected 1 argument but got 2: echo, reverse (see zocalo serve --help)`,
  ],
  ['serve echo --port', `option '--port <n>' argument missing (see zocalo serve --help)`],
  [
    'serve ehco',
    `there is no service "ehco"; there are ${names}, and modules by their path, such as ./ehco.js`,
  ],
  ['serve echo --max-clients x', '--max-clients must be a whole number of 1 or more, not "x"'],
  ['serve echo --max-clients 0', '--max-clients must be a whole number of 1 or more, not "0"'],
  ['serve echo --max-clients 1.5', '--max-clients must be a whole number of 1 or more, not "1.5"'],
  ['serve echo --max-clients 1e3', '--max-clients must be a whole number of 1 or more, not "1e3"'],
  ['serve echo --max-waiting -1', '--max-waiting must be a whole number of 0 or more, not "-1"'],
  ['serve echo --port 65536', '--port must be a whole number from 0 to 65535, not "65536"'],
  ['serve echo --host example', '--host must be an IPv4 or IPv6 address or localhost, not "example"'],
  [
    'serve echo --model quantum',
    '--model must be one of iterative, thread-per-client, thread-pool, process-per-client, process-pool, select, poll, epoll, sigio, uring, libuv, not "quantum"',
  ],
  ['serve echo --when-full cry', '--when-full must be one of refuse, backlog, not "cry"'],
  ['serve echo --quota-per day', '--quota-per must be one of connection, address, not "day"'],
  ['serve echo --quota-per address', '--quota-per needs --quota'],
  ['serve echo --quota-refill 1m', '--quota-refill needs --quota'],
  [
    'serve echo --path /tmp/s --port 1',
    '--path is for a Unix socket and --port for TCP: give one or the other',
  ],
  [
    'serve echo --path /tmp/s --host ::1',
    '--path is for a Unix socket and --host for TCP: give one or the other',
  ],
  ['serve echo --log loud', '--log must be one of pretty, json, off, not "loud"'],
  [
    'up a.toml b.toml',
    `too many arguments for 'up'. Expected 1 argument but got 2: a.toml, b.toml (see zocalo up --help)`,
  ],
  ['connect', `missing required argument 'where' (see zocalo connect --help)`],
  [
    'connect nowhere',
    '"nowhere" is not a place to connect to; give HOST:PORT, [::1]:8080, :8080, 8080 or the path of a Unix socket',
  ],
  [
    'connect :1 --timeout 5',
    '--timeout must be a duration such as 500ms, 30s, 5m or 1h (at most 596h), or none, not "5"',
  ],
  ...['idle', 'frame', 'write', 'handler', 'wait', 'drain'].map(
    (what) =>
      [
        `serve echo --${what}-timeout 30`,
        `--${what}-timeout must be a duration such as 500ms, 30s, 5m or 1h (at most 596h), or none, not "30"`,
      ] as const,
  ),
];

for (const [line, complaint] of misuses) {
  test(`zocalo ${line}: one line on stderr and exit status 2`, async (t) => {
    const { status, stdout, stderr } = await run(t, line.split(' '));
    assert.deepEqual({ status, stdout, stderr }, { status: 2, stdout: '', stderr: `zocalo: ${complaint}\n` });
  });
}

test('without a command the help is printed, and the status is 2', async (t) => {
  const { status, stderr } = await run(t, []);
  assert.equal(status, 2);
  assert.match(stderr, /^Usage: zocalo <command>/);
});

test('--version prints the version of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.deepEqual(await run(t, ['--version']), { status: 0, stdout: `${version}\n`, stderr: '' });
});

const OLD = /^zocalo: Node 24 or newer is needed; this is Node 20\.\d+\.\d+ \(see https:\/\/nodejs\.org\)\n$/;

test('a Node that says it is 20 gets one clear line', async (t) => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } });`;
  const { status, stdout, stderr } = await run(t, ['--version'], {
    node: ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`],
  });
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, OLD);
});

test('a real Node 20 can read the file that tells it so', (t) => {
  const node = nodes().find((path) => major(path) === 20);
  if (node === undefined) {
    t.skip('there is no Node 20 here');
    return;
  }
  const where = directory(t, { 'main.mjs': stripTypeScriptTypes(readFileSync(MAIN, 'utf8')) });
  assert.throws(
    () => execFileSync(node, [join(where, 'main.mjs'), '--help'], { stdio: 'pipe', encoding: 'utf8' }),
    (error: { status: number; stderr: string }) => error.status === 1 && OLD.test(error.stderr),
  );
});

function nodes(): string[] {
  return (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'));
}

function major(node: string): number | undefined {
  try {
    const version = execFileSync(node, ['--version'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
    return Number.parseInt(version.slice(1), 10);
  } catch {
    return undefined;
  }
}
