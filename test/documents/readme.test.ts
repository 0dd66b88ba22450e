import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { run, served } from '@zocalo/test-support/command.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { blocks, project, read } from './documents.ts';

const [protocol = '', program = '', memoryTest = ''] = blocks('README.md');

test('the protocol of the README has at most ten lines and is served as it stands', async (t) => {
  assert.ok(protocol.trimEnd().split('\n').length <= 10);
  const cwd = project(t, { 'shout.ts': protocol });
  const client = await (await served(t, './shout.ts', [], { cwd })).connect();
  assert.equal(await client.readLine(), 'hello, number 1');
  assert.equal(await client.ask('hola'), 'HOLA');
  client.finish();
  assert.equal(await client.readText(), '');
});

test('the program of the README serves it, reports who leaves, and drains', async (t) => {
  assert.match(program, /port: 7000/);
  const files = { 'shout.ts': protocol, 'main.ts': program.replace('port: 7000', 'port: 0') };
  const child = spawn(process.execPath, ['main.ts'], {
    cwd: project(t, files),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const printed = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value } = await printed.next();
  const [, port] = /^listening on 127\.0\.0\.1:(\d+)$/.exec(String(value)) ?? [];
  using client = await TestClient.connect({ host: '127.0.0.1', port: Number(port) });
  assert.equal(await client.readLine(), 'hello, number 1');
  assert.equal(await client.ask('hola'), 'HOLA');
  client.finish();
  assert.equal((await printed.next()).value, 'client 1: client');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('the test of the README passes', async (t) => {
  const cwd = project(t, { 'shout.ts': protocol, 'shout.test.ts': memoryTest });
  // A test runner inside a test reports to the outer one unless told that there is none.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--test', '--test-reporter=tap', 'shout.test.ts'],
    { cwd, env },
  );
  assert.match(stdout, /^# pass 1$/m);
});

test('the program of the README of the package serves, and holds its conversation in memory', async (t) => {
  const [server = '', conversation = ''] = blocks('packages/zocalo/README.md');
  const program = `${server.replace('port: 7000', 'port: 0')}${conversation}await server.close();\n`;
  const cwd = project(t, { 'main.ts': program });
  const { stdout } = await promisify(execFile)(process.execPath, ['main.ts'], { cwd });
  assert.match(stdout, /^listening on 127\.0\.0\.1:\d+\nhello, number 1\nHOLA\n\nidle\n$/);
});

test('what the README says of echo and reverse is what they answer', async (t) => {
  const echo = await (await served(t, 'echo')).connect();
  echo.send('hola\n/clients\nsalir\n');
  assert.equal(await echo.readText(), 'hola\n1 client is connected\ngoodbye\n');
  const reverse = await (await served(t, 'reverse')).connect();
  reverse.finish('canción 🇲🇽 👩‍👩‍👧\n');
  assert.equal(await reverse.readText(), '👩‍👩‍👧 🇲🇽 nóicnac\n');
});

/** What an indented block of a document says, after a line that it begins with or contains. */
function indented(path: string, after: string): string {
  const lines = read(path).split('\n');
  const start = lines.findIndex(
    (line, i) => line.startsWith('    ') && i > lines.findIndex((each) => each.includes(after)),
  );
  const end = lines.findIndex((line, i) => i > start && line !== '' && !line.startsWith('    '));
  return lines
    .slice(start, end)
    .map((line) => line.slice(4))
    .join('\n')
    .trimEnd();
}

test('what the README says of files is what its commands print', async (t) => {
  const { port } = await served(t, 'files');
  const section = read('README.md').split('\n### files\n')[1] ?? '';
  const commands = [...section.matchAll(/^ {4}npx zocalo (files .*)$/gm)].map(([, command = '']) => command);
  assert.equal(commands.length, 2);
  let printed = '';
  for (const command of commands) {
    const { stdout } = await run(t, command.replace('localhost', `localhost:${port}`).split(' '));
    printed += stdout;
  }
  const shown = /\nprints\n\n((?: {4}.*\n)+)/.exec(section)?.[1] ?? '';
  assert.equal(printed.trimEnd(), shown.replaceAll(/^ {4}/gm, '').trimEnd());
});

test('the session of docs/files.md is answered as it says', async (t) => {
  const client = await (await served(t, 'files')).connect();
  const [, requests = ''] = /printf '(.*)' \| nc/.exec(read('docs/files.md')) ?? [];
  client.send(requests.replaceAll('\\r\\n', '\r\n'));
  const shown = indented('docs/files.md', 'ends with CR LF)');
  assert.equal((await client.readText()).replaceAll('\r\n', '\n').trimEnd(), shown);
});
