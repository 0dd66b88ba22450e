// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables are written in a file of servers.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command, directory, run, served } from '@zocalo/test-support/command.ts';
import { environmentSettings, substitute, variableFor } from '../src/settings/environment.ts';
import { serverSettings } from '../src/settings/server-settings.ts';

test('a variable of the environment gives what a flag would', async (t) => {
  const { connect } = await served(t, 'echo', ['--quiet'], {
    env: { ZOCALO_MAX_CLIENTS: '1', ZOCALO_MAX_WAITING: '0', ZOCALO_IDLE_TIMEOUT: '1h' },
  });
  assert.equal(await (await connect()).ask('in'), 'in');
  assert.match(await (await connect()).readText(), /^refused: /);
});

test('a flag goes before its variable', async (t) => {
  const { command } = await served(t, 'echo', ['--model', 'libuv', '--quiet'], {
    env: { ZOCALO_MODEL: 'iterative', ZOCALO_PORT: 'any' },
  });
  assert.match(command.stdout, /\(libuv\)/);
});

test('a path goes before a port and a host of the environment', async (t) => {
  const path = join(directory(t), 'echo.sock');
  const command = new Command(t, ['serve', 'echo', '--path', path], {
    env: { ZOCALO_PORT: '7', ZOCALO_HOST: '192.0.2.1', ZOCALO_QUIET: 'true' },
  });
  await command.printed(/listening on .*echo\.sock/);
});

test('a service has its own settings from the environment as well, and zocalo up those of the log', async (t) => {
  const dir = directory(t, { 'only.txt': 'here', 'one.toml': '[servers.one]\nservice = "echo"\nport = 0\n' });
  const { port } = await served(t, 'files', ['--quiet'], { env: { ZOCALO_DIR: dir } });
  assert.match((await run(t, ['files', `:${port}`, 'ls'])).stdout, /^only\.txt$/m);
  const up = new Command(t, ['up', join(dir, 'one.toml')], { env: { ZOCALO_LOG: 'off' } });
  await up.printed(/^one /m);
  up.signal('SIGTERM');
  assert.equal(await up.exited(), 0);
  assert.equal(up.stderr, 'zocalo: stopped\n');
});

const mistakes: readonly (readonly [variable: string, value: string, complaint: string])[] = [
  ['ZOCALO_PORT', 'many', 'ZOCALO_PORT must be a whole number from 0 to 65535, not "many"'],
  ['ZOCALO_QUIET', 'yes', 'ZOCALO_QUIET must be true or false, not "yes"'],
  [
    'ZOCALO_LOG_LEVEL',
    'warm',
    'ZOCALO_LOG_LEVEL must be one of error, warn, info, debug, not "warm" (did you mean warn?)',
  ],
];

for (const [variable, value, complaint] of mistakes) {
  test(`${variable}=${value}: one line that names the variable, and exit status 2`, async (t) => {
    assert.deepEqual(await run(t, ['serve', 'echo'], { env: { [variable]: value } }), {
      status: 2,
      stdout: '',
      stderr: `zocalo: ${complaint}\n`,
    });
  });
}

test('every flag has a variable; one that is empty, or that Kubernetes sets for a service named zocalo, is none', () => {
  assert.equal(variableFor('max-waiting-per-address'), 'ZOCALO_MAX_WAITING_PER_ADDRESS');
  const settings = (environment: NodeJS.ProcessEnv) => environmentSettings(serverSettings, {}, environment);
  assert.deepEqual(settings({ ZOCALO_PORT: '7000', ZOCALO_QUOTA: '3' }), { port: 7000, quota: 3 });
  assert.deepEqual(settings({ ZOCALO_PORT: '' }), {});
  assert.deepEqual(settings({ ZOCALO_PORT: 'tcp://10.96.0.12:7000' }), {});
});

test('${NAME} in a text stands for a variable, with a default if there is one', () => {
  const env = { NAME: 'zocalo', EMPTY: '' };
  const cases: readonly (readonly [text: string, means: string])[] = [
    ['', ''],
    ['plain $NAME $', 'plain $NAME $'],
    ['${NAME}', 'zocalo'],
    ['/run/${NAME}/${NAME}.sock', '/run/zocalo/zocalo.sock'],
    ['${EMPTY}', ''],
    ['${EMPTY:-full}', 'full'],
    ['${MISSING:-}', ''],
    ['${MISSING:-a b}', 'a b'],
    ['$${NAME}', '${NAME}'],
  ];
  for (const [text, means] of cases) assert.equal(substitute(text, env), means, text);
  assert.throws(() => substitute('${MISSING}', env), /the variable MISSING in "\$\{MISSING\}" is not set/);
  for (const text of ['${', '${}', '${1}', '${NAME', '${NA ME}', '${NAME:+x}'])
    assert.throws(() => substitute(text, env), /has a \$\{ that is not of the form/, text);
});

test('in a file of servers variables may stand for texts, numbers and choices', async (t) => {
  const where = directory(t, {
    'zocalo.toml':
      '[servers.one]\nservice = "${SERVICE}"\nport = "${THE_PORT:-0}"\nmax-clients = "${MOST}"\nmodel = "${MODEL:-libuv}"\n',
  });
  const command = new Command(t, ['up', '--log', 'json'], {
    cwd: where,
    env: { SERVICE: 'reverse', MOST: '3' },
  });
  await command.printed(/"server":"one","event":"listening","protocol":"one","model":"libuv"/, 'stderr');
  await command.printed(/^one +127\.0\.0\.1:\d+ /m);
});
