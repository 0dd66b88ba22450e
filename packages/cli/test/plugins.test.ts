import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, directory, run, served } from '@zocalo/test-support/command.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

const descriptor = `{
  name: 'greeter',
  summary: 'greets by name',
  port: 7123,
  settings: [
    { name: 'greeting', type: { kind: 'text' }, placeholder: 'text', help: 'the greeting', default: 'hello' },
    { name: 'times', type: { kind: 'whole', least: 1, most: 9 }, placeholder: 'n', help: 'how often', default: '1' },
  ],
  operand: 'greeting',
  defaults: { 'max-clients': 5 },
  describe: () => 'greetings',
  tryIt: netcat,
  module: new URL('./protocol.js', import.meta.url),
}`;
const service = `import { netcat } from 'zocalo/service';\nexport default ${descriptor};\n`;
const protocol = `
import { lines } from 'zocalo';
export default ({ greeting = 'hello', times = 1 }) => ({
  name: 'greeter',
  framing: lines(),
  message: (line) => (greeting + ' ' + line + '\\n').repeat(times),
});
`;
/** Of two dialects, each at a port of its own. */
const pair = `import { netcat } from 'zocalo/service';
const port = (name) => ({ name, type: { kind: 'whole', least: 0 }, placeholder: 'n', help: 'a port', default: undefined });
export default [{
  name: 'pair',
  summary: 'two dialects',
  port: 7124,
  settings: [port('upper-port'), port('lower-port')],
  defaults: { 'upper-port': 7124, 'lower-port': 7125 },
  endpoints: { upper: { port: 'upper-port' }, lower: { port: 'lower-port' } },
  tryIt: netcat,
  module: new URL('./pair-protocol.js', import.meta.url),
}];
`;
const pairProtocol = `
import { lines } from 'zocalo';
const dialect = (name, message) => ({ name, framing: lines(), message });
export default () => ({
  name: 'pair',
  dialects: {
    upper: dialect('upper', (line) => line.toUpperCase() + '\\n'),
    lower: dialect('lower', (line) => line.toLowerCase() + '\\n'),
  },
});
`;
const plugin = `module.exports = {
  commands: {
    wave: {
      summary: 'waves',
      usage: '[flags]',
      load: async () => ({
        define: (command) => command.option('--both').action(({ both }) => console.log(both ? 'two hands' : 'one hand')),
      }),
    },
  },
};
`;

/** A directory with packages in its node_modules, outside the repository. */
function withPackages(t: TestContext, packages: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const root = directory(t);
  for (const [name, files] of Object.entries(packages)) {
    const type = Object.hasOwn(files, 'index.js') ? 'commonjs' : 'module';
    const main = type === 'module' ? { exports: { import: './main.js' } } : { main: 'index.js' };
    const manifest = JSON.stringify({ name, version: '1.0.0', type, ...main });
    for (const [file, text] of Object.entries({ 'package.json': manifest, ...files })) {
      const path = join(root, 'node_modules', name, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  return root;
}

const greeterPackage = { 'zocalo-greeter': { 'main.js': service, 'protocol.js': protocol } };
const pairPackage = { '@scope/zocalo-pair': { 'main.js': pair, 'pair-protocol.js': pairProtocol } };

test('a module that exports a service is served with its flags, checks, defaults and operand', async (t) => {
  const where = directory(t, {
    'package.json': '{ "type": "module" }',
    'my-service.js': service,
    'protocol.js': protocol,
  });
  const { command, connect } = await served(t, './my-service.js', ['--times', '2', 'good day'], {
    cwd: where,
  });
  assert.match(
    command.stdout,
    /^greeter: listening on \S+ \(\w+\), greetings {2}try: nc 127\.0\.0\.1 \d+\n$/,
  );
  assert.equal(await (await connect()).ask('Ana'), 'good day Ana');

  const wrong = await run(t, ['serve', './my-service.js', '--times', '10'], { cwd: where });
  assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /^zocalo: --times must be a whole number from 1 to 9, not "10"\n$/);

  const { stdout } = await run(t, ['serve', './my-service.js', '--help'], { cwd: where });
  const help = stdout.replace(/\s+/g, ' ');
  assert.match(help, /Of greeter: --greeting <text> the greeting \(default: hello\) --times <n> how often/);
  assert.match(help, /--max-clients <n> how many clients are served at once \(default: 5\)/);
});

test('the value of a flag is not taken for the service, and the order of both is free', async (t) => {
  const where = directory(t, {
    'package.json': '{ "type": "module" }',
    'my-service.js': service,
    'protocol.js': protocol,
  });
  for (const line of [
    ['--greeting', 'echo', './my-service.js', '--port', '0'],
    ['./my-service.js', '--port', '0', '--greeting', 'echo'],
    ['--port', '0', './my-service.js', '--greeting=echo'],
  ]) {
    const command = new Command(t, ['serve', ...line], { cwd: where });
    const [, port] = await command.printed(/^greeter: listening on 127\.0\.0\.1:(\d+)/m);
    const client = await TestClient.connect({ host: '127.0.0.1', port: Number(port) });
    t.after(() => client[Symbol.dispose]());
    assert.equal(await client.ask('Ana'), 'echo Ana');
  }
});

test('a service of a module is served from a file, by threads, with the keys of its settings', async (t) => {
  const where = directory(t, {
    'package.json': '{ "type": "module" }',
    'my-service.js': service,
    'protocol.js': protocol,
    'zocalo.toml': '[servers.mine]\nmodule = "./my-service.js"\nport = 0\ngreeting = "hola"\nworkers = 1\n',
    'wrong.toml': '[servers.mine]\nmodule = "./my-service.js"\ntimes = 0\n',
  });
  const command = new Command(t, ['up'], { cwd: where });
  const [, port] = await command.printed(/^mine +127\.0\.0\.1:(\d+) +nc /m);
  const client = await TestClient.connect({ host: '127.0.0.1', port: Number(port) });
  t.after(() => client[Symbol.dispose]());
  assert.equal(await client.ask('Ana'), 'hola Ana');
  const { stderr } = await run(t, ['up', 'wrong.toml'], { cwd: where });
  assert.match(
    stderr,
    /^zocalo: wrong\.toml: servers\.mine: times must be a whole number from 1 to 9, not 0\n$/,
  );
});

const incomplete: readonly (readonly [change: string, complaint: RegExp])[] = [
  ["summary: 'greets by name'", /summary of a service must be a text/],
  ['port: 7123', /port of a service must be a port/],
  ['tryIt: netcat', /tryIt of a service must be a function/],
  [`help: 'the greeting'`, /settings of a service must be an array of settings, each with name, type, /],
  [`'greeting', type: { kind: 'text' }`, /the service greeter has a setting "port", which every server has/],
];

for (const [change, complaint] of incomplete) {
  test(`a service without what the command needs is one line: ${complaint.source}`, async (t) => {
    const instead = change.startsWith("'greeting'") ? change.replace('greeting', 'port') : 'other: 1';
    const where = directory(t, { 'x.mjs': service.replace(change, instead) });
    const { status, stderr } = await run(t, ['serve', 'x.mjs'], { cwd: where });
    assert.equal(status, 1);
    assert.match(stderr, complaint);
    assert.equal(stderr.split('\n').length, 2);
  });
}

test('services of installed packages are listed in the help, and served by their names', async (t) => {
  const root = withPackages(t, { ...greeterPackage, ...pairPackage });
  const where = join(root, 'deeper', 'still');
  mkdirSync(where, { recursive: true });
  const help = await run(t, ['serve', '--help'], { cwd: where });
  assert.equal(help.stderr, '');
  assert.match(help.stdout, /^ {2}greeter {3}greets by name \(port 7123\)$/m);
  assert.match(help.stdout, /^ {2}pair {6}two dialects \(port 7124\)$/m);

  const { connect } = await served(t, 'greeter', ['--greeting', 'hola'], { cwd: where });
  assert.equal(await (await connect()).ask('Ana'), 'hola Ana');

  const both = new Command(t, ['serve', 'pair', '--upper-port', '0', '--lower-port', '0'], { cwd: where });
  const [, port] = await both.printed(/^pair \(lower\): listening on 127\.0\.0\.1:(\d+)/m);
  const client = await TestClient.connect({ host: '127.0.0.1', port: Number(port) });
  t.after(() => client[Symbol.dispose]());
  assert.equal(await client.ask('Hola'), 'hola');
});

test('a service of an installed package is served from a file; a wrong name lists it', async (t) => {
  const where = withPackages(t, greeterPackage);
  writeFileSync(join(where, 'zocalo.toml'), '[servers.mine]\nservice = "greeter"\nport = 0\ntimes = 2\n');
  const command = new Command(t, ['up'], { cwd: where });
  await command.printed(/^mine +127\.0\.0\.1:\d+ +nc /m);
  const { status, stderr } = await run(t, ['serve', 'greter'], { cwd: where });
  assert.equal(status, 2);
  assert.match(
    stderr,
    /^zocalo: there is no service "greter" \(did you mean greeter\?\); there are echo, .*greeter, /,
  );
});

test('commands of installed packages are listed in the help, and run by their names', async (t) => {
  const where = withPackages(t, { 'zocalo-tools': { 'index.js': plugin } });
  assert.match((await run(t, ['--help'], { cwd: where })).stdout, /^ {2}wave {2,}waves$/m);
  assert.deepEqual(await run(t, ['wave', '--both'], { cwd: where }), {
    status: 0,
    stdout: 'two hands\n',
    stderr: '',
  });
  assert.match((await run(t, ['help', 'wave'], { cwd: where })).stdout, /^Usage: zocalo wave \[flags\]/);
});

test('a package that cannot be loaded is one line that says why, and ends nothing', async (t) => {
  const where = withPackages(t, {
    ...greeterPackage,
    'zocalo-broken': { 'main.js': `throw new TypeError('not today\\nnor tomorrow');` },
    'zocalo-nothing': { 'main.js': 'export default 7;' },
  });
  const { status, stdout, stderr } = await run(t, ['serve', '--help'], { cwd: where });
  assert.equal(status, 0);
  assert.match(stdout, /greeter/);
  assert.deepEqual(stderr.split('\n').sort(), [
    '',
    'zocalo: the package zocalo-broken cannot be used: TypeError: not today nor tomorrow',
    'zocalo: the package zocalo-nothing cannot be used: its default export is no service, no array of services and no plug-in',
  ]);
});

test('no package is loaded for what is built in, and none replaces it', async (t) => {
  const where = withPackages(t, {
    'zocalo-echo': {
      'main.js': `console.error('loaded');\n${service.replace("'greeter'", "'echo'")}`,
      'protocol.js': protocol,
    },
  });
  const { command, connect } = await served(t, 'echo', ['--quiet'], { cwd: where });
  assert.equal(await (await connect()).ask('Ana'), 'Ana');
  assert.equal(command.stderr, '');
  const { stdout } = await run(t, ['serve', '--help'], { cwd: where });
  assert.equal(stdout.match(/^ {2}echo /gm)?.length, 1);
});
