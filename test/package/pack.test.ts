import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
/** The project that installs the package runs the Node that runs this test, not an older one of the machine. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
let project = '';

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'zocalo-package-'));
  const packed = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: root, env });
  const listing = JSON.parse(packed.stdout.slice(packed.stdout.search(/[[{]\s*["{]/))) as unknown;
  const [{ filename }] = (Array.isArray(listing) ? listing : Object.values(listing as object)) as [
    { filename: string },
  ];
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(project, filename)], {
    cwd: project,
    env,
  });
});

after(() => rm(project, { recursive: true, force: true }));

test('in an empty project the installed package serves a protocol', async () => {
  const program = `
    import { connect } from 'node:net';
    import { lines, serve } from 'zocalo';
    const server = await serve({ name: 'shout', framing: lines(), message: (line) => line.toUpperCase() + '\\n' });
    const socket = connect(server.address.port, '127.0.0.1');
    socket.end('hola\\n');
    for await (const bytes of socket) process.stdout.write(bytes);
    await server.drain();
  `;
  const { stdout } = await run('node', ['--input-type=module', '-e', program], { cwd: project, env });
  assert.equal(stdout, 'HOLA\n');
});

test('in an empty project the installed package tests a protocol in memory', async () => {
  const program = `
    import { converse } from 'zocalo/testing';
    console.log(typeof converse);
  `;
  const { stdout } = await run('node', ['--input-type=module', '-e', program], { cwd: project, env });
  assert.equal(stdout, 'function\n');
});

test('in an empty project npx zocalo tells its version, helps and serves', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.equal((await run('npx', ['zocalo', '--version'], { cwd: project, env })).stdout.trim(), version);
  assert.match((await run('npx', ['zocalo', '--help'], { cwd: project, env })).stdout, /zocalo serve/);
  const bin = join(project, 'node_modules/.bin/zocalo');
  const server = spawn(bin, ['serve', 'echo', '--port', '0'], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [first] = (await once(server.stdout, 'data')) as [Buffer];
  assert.match(first.toString(), /127\.0\.0\.1:\d+/);
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
});

test('in an empty project the samples are served, listed and fetched', async () => {
  const bin = join(project, 'node_modules/.bin/zocalo');
  const server = spawn(bin, ['serve', 'files', '--port', '0'], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const [first] = (await once(server.stdout, 'data')) as [Buffer];
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(first.toString()) ?? [];
    const { stdout } = await run(bin, ['files', `:${port}`, 'ls'], { cwd: project, env });
    assert.match(stdout, /^welcome\.txt$/m);
    const got = await run(bin, ['files', `:${port}`, 'get', 'welcome.txt', '-o', '-'], { cwd: project, env });
    assert.match(got.stdout, /^Welcome/);
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
});

test('the package holds the built code and its types, and no sources or tests', async () => {
  const { stdout } = await run('npm', ['ls', '--all', '--json'], { cwd: project, env });
  assert.ok(!stdout.includes('typescript'), 'a development dependency was installed with the package');
  const types = await readFile(join(project, 'node_modules/zocalo/dist/index.d.ts'), 'utf8');
  assert.match(types, /serve/);
  await assert.rejects(readFile(join(project, 'node_modules/zocalo/src/index.ts')));
});
