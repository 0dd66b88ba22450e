import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { endAll, startServer, UnavailableError } from '../../src/runner/processes.ts';
import { directory, echo, isRunning, program, server } from '../support.ts';

const skip = process.platform === 'linux' ? false : 'process groups are used as on Linux';

/** Makes a program write the id of a process that it starts into a file. */
const withChild = (file: string) => `
  const child = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' });
  require('node:fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));`;

test('a server that says it is unavailable is distinguished from one that fails', { skip }, async (t) => {
  await assert.rejects(startServer(program(t, 'console.log("unavailable no such mechanism")')), (error) => {
    assert.ok(error instanceof UnavailableError);
    assert.equal(error.message, 'no such mechanism');
    return true;
  });
});

test('an unexpected first line is no server', { skip }, async (t) => {
  await assert.rejects(startServer(program(t, 'console.log("hello"); setInterval(() => {}, 1e6)')), {
    message: 'unexpected: hello',
  });
});

test('stopping a server ends the processes that it has started, too', { skip }, async (t) => {
  const file = join(directory(t), 'pid');
  const { pid, stop } = await startServer(server(t, echo, withChild(file)));
  const child = Number(readFileSync(file, 'utf8'));
  assert.ok(isRunning(child));
  await stop();
  assert.ok(!isRunning(pid));
  await eventually('the end of the child', () => !isRunning(child));
});

test('a server that ignores SIGTERM is ended all the same', { skip }, async (t) => {
  const { pid, stop } = await startServer(server(t, echo, 'process.on("SIGTERM", () => {});'));
  await stop();
  assert.ok(!isRunning(pid));
});

test('all that runs can be ended at once', { skip }, async (t) => {
  const first = await startServer(server(t, echo));
  const second = await startServer(server(t, echo));
  t.after(() => Promise.all([first.stop(), second.stop()]));
  endAll();
  await eventually('the end of both', () => !isRunning(first.pid) && !isRunning(second.pid));
});

test('servers end with the process that has started them, however it ends', { skip }, async (t) => {
  const module = fileURLToPath(new URL('../../src/', import.meta.url));
  const starter = `
    import { startServer } from ${JSON.stringify(join(module, 'runner/processes.ts'))};
    import { modelServer } from ${JSON.stringify(join(module, 'sweep/model-server.ts'))};
    console.log((await startServer(modelServer({ model: 'libuv' }).command)).pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', starter], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
  );
  assert.ok(isRunning(pid));
  parent.kill('SIGKILL');
  await eventually('the end of the server', () => !isRunning(pid));
});
