import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ListenError, lines, models, OptionError, serve } from '../../src/index.ts';
import { modelDefinitions } from '../../src/workers/models.ts';

const protocol = { name: 'echo', framing: lines(), message: (line: string) => `${line}\n` };
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zocalo-stale-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Leaves the socket file of a server that was killed. */
async function killedServer(path: string): Promise<void> {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const server = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  server.kill('SIGKILL');
  await once(server, 'exit');
}

// Those with workers listen as epoll does, and would want a module.
for (const model of models.filter((model) => modelDefinitions[model].workers === 'inline')) {
  test(`${model}: the socket file of a killed server is replaced`, async () => {
    const path = join(folder, `${model}-killed`);
    await killedServer(path);
    assert.ok((await stat(path)).isSocket());
    await using server = await serve(protocol, { path, model });
    using client = await TestClient.connect(server.address);
    client.finish('hola\n');
    assert.equal(await client.readText(), 'hola\n');
  });

  test(`${model}: a path on which a server listens, or that is no socket, is left alone`, async () => {
    const path = join(folder, `${model}-used`);
    await using server = await serve(protocol, { path, model });
    const inUse = (error: unknown) => error instanceof ListenError && error.reason === 'EADDRINUSE';
    await assert.rejects(serve(protocol, { path, model }), inUse);
    using client = await TestClient.connect(server.address);
    client.finish('still here\n');
    assert.equal(await client.readText(), 'still here\n');
    const file = join(folder, `${model}-file`);
    await writeFile(file, 'precious');
    await assert.rejects(serve(protocol, { path: file, model }), inUse);
    assert.equal((await stat(file)).size, 8);
  });
}

test('a concurrency that would answer no message is refused', async () => {
  for (const concurrency of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(serve({ ...protocol, concurrency }), (error: unknown) => {
      return error instanceof OptionError && error.message.includes(String(concurrency));
    });
  }
});
