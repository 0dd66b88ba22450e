import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { run, type StartOptions } from '@zocalo/test-support/command.ts';
import { onTerminal } from '@zocalo/test-support/pseudo-terminal.ts';
import { services } from '../src/plugins/built-in.ts';
import { serverSettings } from '../src/settings/server-settings.ts';

const helps = [
  ['--help'],
  ['serve', '--help'],
  ['up', '--help'],
  ['connect', '--help'],
  ['import', '--help'],
  ['files', '--help'],
  ['serve', 'files', '--help'],
  ['ring', '--help'],
  ['bench', '--help'],
  ['doctor', '--help'],
];

for (const args of helps) {
  test(`zocalo ${args.join(' ')} says what it does, with examples, in lines that fit a terminal`, async (t) => {
    const { status, stdout, stderr } = await run(t, args);
    assert.equal(status, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^Usage: zocalo /);
    assert.match(stdout, /\nExamples:\n {2}\S/);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
  });
}

test('zocalo help serve is zocalo serve --help, and zocalo help is zocalo --help', async (t) => {
  assert.equal((await run(t, ['help', 'serve'])).stdout, (await run(t, ['serve', '--help'])).stdout);
  assert.equal((await run(t, ['help'])).stdout, (await run(t, ['--help'])).stdout);
});

test('the help of zocalo lists every command', async (t) => {
  const { stdout } = await run(t, ['--help']);
  for (const command of ['serve', 'up', 'connect', 'import', 'files', 'ring', 'bench', 'doctor'])
    assert.match(stdout, new RegExp(`^ {2}${command} {2,}\\S`, 'm'));
});

test('the help of serve has every service with its port, and every flag with its default', async (t) => {
  const { stdout } = await run(t, ['serve', '--help']);
  const text = stdout.replace(/\s+/g, ' ');
  for (const { name, port, summary } of services) {
    assert.ok(text.includes(`${name} ${summary} (port ${port})`), name);
  }
  for (const { name, type, help, default: value } of serverSettings) {
    assert.ok(text.includes(type.kind === 'switch' ? `--${name} ` : `--${name} <`), name);
    assert.ok(text.includes(value === undefined ? help : `${help} (default: ${value})`), name);
  }
});

test('on a narrow terminal nothing but examples is wider than it', { skip: onTerminal.skip }, async (t) => {
  for (const args of helps) {
    const { stdout } = await run(t, args, { via: onTerminal.narrow ?? ((line) => line) });
    const examples = stdout.search(/\nExamples:|\n +import \{|\n +log = /);
    const text = stripVTControlCharacters(stdout.slice(0, examples));
    for (const line of text.split('\r\n')) assert.ok(line.length <= 50, line);
    assert.match(text.replace(/\s+/g, ' '), /Usage: zocalo .*print this help/);
  }
});

test('there is a flag for every option of a server', () => {
  assert.deepEqual(
    serverSettings.map(({ name }) => name),
    (
      'host port path mode ipv6-only reuse-port backlog allow deny model workers isolation balance max-clients max-waiting wait-timeout ' +
      'max-per-address fair-share-per-address max-waiting-per-address ipv6-prefix when-full drain-timeout ' +
      'quota quota-per quota-refill idle-timeout idle-timeout-when-full frame-timeout write-timeout handler-timeout max-session ' +
      'tls-cert tls-key tls-passphrase-file tls-min-version tls-client-certificates tls-ca handshake-timeout ' +
      'keep-alive busy-poll max-unsent send-buffer receive-buffer'
    ).split(' '),
  );
});

test('the defaults in the help are those of the library', () => {
  const defaults = Object.fromEntries(serverSettings.map((setting) => [setting.name, setting.default]));
  assert.deepEqual(
    [defaults.host, defaults.backlog, defaults['wait-timeout'], defaults['idle-timeout']],
    ['127.0.0.1', '4096', '30s', '5m'],
  );
  assert.equal(defaults['max-session'], 'none');
});

/** Has Node print the address of every module it loads. */
const printModules: StartOptions = {
  node: [
    '--import',
    `data:text/javascript,${encodeURIComponent(
      `import { registerHooks } from 'node:module';
       registerHooks({ load(url, context, next) { process._rawDebug('LOADED ' + url); return next(url, context); } });`,
    )}`,
  ],
};

function loaded(stderr: string): string[] {
  return stderr.split('\n').flatMap((line) => (line.startsWith('LOADED ') ? [line.slice(7)] : []));
}

test('the help loads no system calls, no log, no services and no commands', async (t) => {
  const { status, stderr } = await run(t, ['--help'], printModules);
  const modules = loaded(stderr);
  assert.equal(status, 0);
  assert.ok(
    modules.some((url) => url.endsWith('/cli/src/program.ts')),
    'the modules are printed',
  );
  const others =
    /koffi|pino|smol-toml|readline|node:net|\/(server|loops|sys|client|session|workers)\/(?!service\.ts|names\.ts|slices\.ts)/;
  assert.deepEqual(
    modules.filter((url) => others.test(url)),
    [],
  );
  assert.deepEqual(
    modules.filter((url) => /\/cli\/src\/(?!main|program|help-text|plugins|serving\/pending-work)/.test(url)),
    [],
  );
});

test('connecting loads no server', async (t) => {
  const { stderr } = await run(t, ['connect', '127.0.0.1:1'], printModules);
  const modules = loaded(stderr);
  assert.ok(modules.some((url) => url.endsWith('/command/src/connect.ts')));
  assert.deepEqual(
    modules.filter((url) => /koffi|pino|\/zocalo\/src\/(server|loops|sys)\//.test(url)),
    [],
  );
});

test('without a log, none is loaded', async (t) => {
  const { stderr } = await run(
    t,
    ['serve', 'echo', '--path', '/nonexistent/directory/socket', '--quiet'],
    printModules,
  );
  const modules = loaded(stderr);
  assert.ok(modules.some((url) => url.endsWith('/src/server/serve.ts')));
  assert.deepEqual(
    modules.filter((url) => /pino|smol-toml|reverse|\/client\//.test(url)),
    [],
  );
});
