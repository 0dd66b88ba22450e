import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { directory, MAIN, run } from '@zocalo/test-support/command.ts';
import { services } from '../src/plugins/built-in.ts';

/** As a message lists them. */
const ready = services.map(({ name }) => name).join(', ');

const misuses: readonly (readonly [line: string, complaint: string])[] = [
  ['serv', `unknown command 'serv' (did you mean serve?)`],
  ['help serv', `unknown command 'serv' (did you mean serve?)`],
  ['serv --help', `unknown command 'serv' (did you mean serve?)`],
  ['dance', `unknown command 'dance' (see zocalo --help)`],
  ['--loud', `unknown option '--loud' (see zocalo --help)`],
  ['serve', `missing required argument 'service' (see zocalo serve --help)`],
  ['serve echo --prot 1', `unknown option '--prot' (did you mean --port?)`],
  [
    'serve echo reverse',
    `too many arguments for 'serve'. Expected 1 argument but got 2: echo, reverse (see zocalo serve --help)`,
  ],
  ['serve echo --port', `option '-p, --port <n>' argument missing (see zocalo serve --help)`],
  [
    'serve ehco',
    `there is no service "ehco" (did you mean echo?); there are ${ready}, and modules by their path, such as ./ehco.js`,
  ],
  ['serve echo --max-clients x', '--max-clients must be a whole number of 1 or more, not "x"'],
  ['serve echo --max-clients 0', '--max-clients must be a whole number of 1 or more, not "0"'],
  ['serve echo --max-clients 1.5', '--max-clients must be a whole number of 1 or more, not "1.5"'],
  ['serve echo --max-clients 1e3', '--max-clients must be a whole number of 1 or more, not "1e3"'],
  ['serve echo --max-waiting -1', '--max-waiting must be a whole number of 0 or more, not "-1"'],
  ['serve echo --port 65536', '--port must be a whole number from 0 to 65535, not "65536"'],
  ['serve echo --host a..b', '--host must be an IPv4 or IPv6 address or the name of a host, not "a..b"'],
  [
    'serve echo --host 127.0.1',
    '--host must be an IPv4 or IPv6 address or the name of a host, not "127.0.1"',
  ],
  ['serve echo --host [::1', '--host must be an IPv4 or IPv6 address or the name of a host, not "[::1"'],
  ['serve echo --maxClients 5', `unknown option '--maxClients' (did you mean --max-clients?)`],
  ['serve echo -x', `unknown option '-x' (see zocalo serve --help)`],
  [
    'serve echo --model epol',
    '--model must be one of iterative, thread-per-client, thread-pool, process-per-client, process-pool, select, poll, epoll, sigio, uring, libuv, not "epol" (did you mean epoll?)',
  ],
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
  ['serve echo --log-level loud', '--log-level must be one of error, warn, info, debug, not "loud"'],
  [
    'serve echo --model iterative --max-clients 5',
    'echo: iterative serves one client at a time, and the others wait in the kernel: --max-clients cannot be 5',
  ],
  [
    'serve echo --model iterative --when-full refuse',
    'echo: iterative serves one client at a time, and the others wait in the kernel: --when-full cannot be refuse',
  ],
  [
    'serve echo --model iterative --workers 2',
    'echo: iterative has no use for --workers: it serves one client at a time in one thread',
  ],
  ['serve echo --model thread-pool --workers 0', 'echo: thread-pool needs --workers: 1 or more, not 0'],
  [
    'serve echo --model process-pool --isolation thread',
    'echo: the workers of process-pool are of the kind process: --isolation cannot be thread',
  ],
  ['serve echo --workers 5000', 'echo: --workers must be a whole number from 0 to 1024, not 5000'],
  [
    `serve echo --path /tmp/${'x'.repeat(120)}`,
    `echo: --path must be at most 107 bytes long for a Unix socket, not 125: /tmp/${'x'.repeat(120)}`,
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

test('--version prints the version of the package, and so do -v and -V', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  for (const flag of ['--version', '-v', '-V'])
    assert.deepEqual(await run(t, [flag]), { status: 0, stdout: `${version}\n`, stderr: '' });
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

test('a real Node 20 can read the file that says so', (t) => {
  const node = nodes().find((path) => major(path) === 20);
  if (node === undefined) {
    t.skip('there is no Node 20 here');
    return;
  }
  const where = directory(t, { 'zocalo.mjs': readFileSync(MAIN, 'utf8') });
  assert.throws(
    () => execFileSync(node, [join(where, 'zocalo.mjs'), '--help'], { stdio: 'pipe', encoding: 'utf8' }),
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
