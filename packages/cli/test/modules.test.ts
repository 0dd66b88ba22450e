import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command, directory, run, SLOW_MODULE, served } from '@zocalo/test-support/command.ts';

const good = `
import { FrameError, lines } from 'zocalo';
export default {
  name: 'shout',
  framing: lines(),
  message: (line) => line.toUpperCase() + '\\n',
  error: (error) => (error instanceof FrameError ? 'the same classes\\n' : 'others\\n'),
};
`;

for (const name of ['shout.js', 'shout.mjs', 'shout.ts']) {
  test(`a protocol in ${name} is served, and may import zocalo where it is not installed`, async (t) => {
    const where = directory(t, { [name]: good, 'package.json': '{ "type": "module" }' });
    const { command, connect } = await served(t, `./${name}`, [], { cwd: where });
    assert.match(command.stdout, /^shout: listening on /);
    const client = await connect();
    assert.equal(await client.ask('hola'), 'HOLA');
    client.send(Buffer.from([0xff, 0x0a]));
    assert.equal(await client.readText(), 'the same classes\n');
  });
}

test('the example module is served', async (t) => {
  const example = fileURLToPath(new URL('../../../examples/shout.ts', import.meta.url));
  const client = await (await served(t, example)).connect();
  assert.equal(await client.readLine(), 'hello, you are number 1');
  assert.equal(await client.ask('hola'), 'HOLA!');
});

const faults: readonly (readonly [what: string, source: string, complaint: string])[] = [
  ['no default export', 'export const name = 1;', 'x.mjs is not a protocol: it has no default export'],
  [
    'a function',
    'export default () => {};',
    'x.mjs is not a protocol: what its default export makes is not an object, but undefined',
  ],
  ['null', 'export default null;', 'x.mjs is not a protocol: its default export is not an object, but null'],
  ['no name', 'export default {};', 'x.mjs is not a protocol: it has no name'],
  [
    'no framing',
    `export default { name: 'x', message() {} };`,
    'x.mjs is not a protocol: its framing is missing or not a framing, such as lines()',
  ],
  [
    'the framing not made',
    `import { lines } from 'zocalo'; export default { name: 'x', framing: lines, message() {} };`,
    'x.mjs is not a protocol: its framing is missing or not a framing, such as lines()',
  ],
  [
    'no message',
    `import { lines } from 'zocalo'; export default { name: 'x', framing: lines() };`,
    'x.mjs is not a protocol: it has no message() to answer with',
  ],
  [
    'a handler that is none',
    `import { lines } from 'zocalo'; export default { name: 'x', framing: lines(), message() {}, open: 'hi' };`,
    'x.mjs is not a protocol: its open is not a function, but the string "hi"',
  ],
  [
    'a module that throws',
    `throw new TypeError('not today\\nnor tomorrow');`,
    'x.mjs cannot be loaded: TypeError: not today nor tomorrow (x.mjs:1:7)',
  ],
  [
    'a module with a mistake',
    'export default {\n  name: = 1 };',
    "x.mjs cannot be loaded: SyntaxError: Unexpected token '=' (x.mjs:2:9)",
  ],
  [
    'a module that imports what zocalo does not have',
    "\nimport { linez } from 'zocalo';",
    "x.mjs cannot be loaded: SyntaxError: The requested module 'zocalo' does not provide an export named 'linez' (x.mjs:2:10)",
  ],
  [
    'a module that reads a faulty file',
    `const text = '{';\n JSON.parse(text);`,
    "x.mjs cannot be loaded: SyntaxError: Expected property name or '}' in JSON at position 1 (line 1 column 2) (x.mjs:2:7)",
  ],
  [
    'a function that throws',
    `export default () => {\n  throw new Error('no'); };`,
    'x.mjs cannot be loaded: Error: no (x.mjs:2:9)',
  ],
  [
    'a module whose await at the top never ends',
    'await new Promise(() => {});',
    'x.mjs never finishes loading: it waits for something that never comes (an await at its top)',
  ],
  [
    'a function whose promise never settles',
    'export default () => new Promise(() => {});',
    'x.mjs never finishes starting: what its module exports waits for something that never comes',
  ],
];

for (const [what, source, complaint] of faults) {
  test(`${what}: one line, and exit status 1`, async (t) => {
    const where = directory(t, { 'x.mjs': source });
    assert.deepEqual(await run(t, ['serve', 'x.mjs', '--port', '0'], { cwd: where }), {
      status: 1,
      stdout: '',
      stderr: `zocalo: ${complaint}\n`,
    });
  });
}

test('a module that imports what is not there: one line that names both', async (t) => {
  const where = directory(t, { 'x.mjs': `import 'no-such-package';` });
  const { status, stderr } = await run(t, ['serve', './x.mjs'], { cwd: where });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^zocalo: \.\/x\.mjs cannot be loaded: Error: Cannot find package 'no-such-package' .*\n$/,
  );
  assert.equal(stderr.split('\n').length, 2);
});

test('a mistake in TypeScript, in a module that is imported, and in CommonJS is reported with its place', async (t) => {
  const where = directory(t, {
    'typed.ts': 'const a: number = 1;\nconst b: = 2;\nexport default {};',
    'outer.mjs': `import './inner.mjs';`,
    'inner.mjs': '\n\nconst = 1;',
    'common.cjs': '\nexport default {};',
  });
  const complaintOf = async (name: string) =>
    (await run(t, ['serve', name, '-p', '0'], { cwd: where })).stderr;
  assert.match(
    await complaintOf('typed.ts'),
    /^zocalo: typed\.ts cannot be loaded: SyntaxError: .* \(typed\.ts:2:\d+\)\n$/,
  );
  assert.equal(
    await complaintOf('outer.mjs'),
    "zocalo: outer.mjs cannot be loaded: SyntaxError: Unexpected token '=' (inner.mjs:3:7)\n",
  );
  assert.match(
    await complaintOf('common.cjs'),
    /Unexpected token 'export' \(common\.cjs:2:1\): it is read as CommonJS; set "type": "module" in the package\.json of its folder\n$/,
  );
});

test('a module that takes long to load is reported', async (t) => {
  const where = directory(t, { 'x.mjs': `await new Promise((resolve) => setTimeout(resolve, 60_000));` });
  const command = new Command(t, ['serve', join(where, 'x.mjs')]);
  await command.printed(/^zocalo: still loading .*x\.mjs\n$/, 'stderr');
});

test('a module that is not there: one line, and exit status 1', async (t) => {
  assert.deepEqual(await run(t, ['serve', './missing.js']), {
    status: 1,
    stdout: '',
    stderr: 'zocalo: there is no module ./missing.js\n',
  });
});

test('Ctrl-C ends a module that never finishes loading', async (t) => {
  const where = directory(t, {
    'x.mjs': `console.log('loading'); setInterval(() => {}, 1000); await new Promise(() => {});`,
  });
  const command = new Command(t, ['serve', join(where, 'x.mjs')]);
  await command.printed(/loading/);
  command.signal('SIGINT');
  assert.equal(await command.exited(), 'SIGINT');
});

test('timers of a module do not keep a command alive that could not start', async (t) => {
  const { port } = await served(t, 'echo');
  const where = directory(t, { 'x.mjs': `setInterval(() => {}, 1000);${SLOW_MODULE}` });
  const { status, stderr } = await run(t, ['serve', join(where, 'x.mjs'), '--port', String(port)]);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^zocalo: slow cannot listen on 127\.0\.0\.1:\d+: the port is in use by process \d+ \(.*\); stop what uses it/,
  );
});

test('timers of a module do not keep a stopped server alive', async (t) => {
  const where = directory(t, { 'x.mjs': `setInterval(() => {}, 1000);${SLOW_MODULE}` });
  const { command } = await served(t, join(where, 'x.mjs'));
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
});
