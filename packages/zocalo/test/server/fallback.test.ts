import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { constants } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const skip = process.platform === 'linux' ? false : 'needs Linux';
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

type Outcome = {
  model: string;
  fallback: { model: string; message: string } | undefined;
  answer: string;
  descriptors: number;
};

/** Serves one client in a process of its own, in which something is missing. */
async function served(missing: string, options: object, env: NodeJS.ProcessEnv = {}, subscribes = true) {
  const script = `
    import { connect } from 'node:net';
    import { readdirSync } from 'node:fs';
    import { lines, serve } from ${JSON.stringify(path('../../src/index.ts'))};
    const before = readdirSync('/proc/self/fd').length;
    const server = await serve({ name: 'echo', framing: lines(), message: (line) => line + '\\n' }, ${JSON.stringify(options)});
    let fallback;
    if (${subscribes}) server.events.on('fallback', ({ model, error }) => (fallback = { model, message: error.message }));
    const client = connect(server.address);
    client.write('hello\\n');
    client.once('data', async (answer) => {
      client.destroy();
      await server.close();
      const descriptors = readdirSync('/proc/self/fd').length - before;
      console.log(JSON.stringify({ model: server.model, fallback, answer: String(answer), descriptors }));
    });`;
  const line = [
    '--import',
    fileURLToPath(import.meta.resolve(`@zocalo/test-support/${missing}.ts`)),
    '--input-type=module',
    '-e',
    script,
  ];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, line, {
    env: { ...process.env, ...env },
  });
  return { ...(JSON.parse(stdout) as Outcome), stderr };
}

test('without koffi libuv serves, and the event says why it is not epoll, and what to do', {
  skip,
}, async () => {
  const { model, fallback, answer, stderr } = await served('without-koffi', {});
  assert.deepEqual([model, fallback?.model, answer, stderr], ['libuv', 'libuv', 'hello\n', '']);
  assert.match(fallback?.message ?? '', /koffi.*Cannot find package 'koffi'.*external.*libuv/);
});

test('without koffi libuv serves in the place of io_uring', { skip }, async () => {
  const { model, fallback } = await served('without-koffi', { model: 'uring' });
  assert.deepEqual([model, fallback?.model], ['libuv', 'libuv']);
});

test('without koffi a model that was asked for and needs it is a PlatformError', { skip }, async () => {
  await assert.rejects(served('without-koffi', { model: 'epoll' }), /PlatformError.*koffi/s);
});

test('where Node’s event loop cannot be waited in libuv serves, and the event says why', {
  skip,
}, async () => {
  const { model, fallback, answer } = await served('without-libuv-exports', {});
  assert.deepEqual([model, fallback?.model, answer], ['libuv', 'libuv', 'hello\n']);
  assert.match(fallback?.message ?? '', /does not export uv_poll_init/);
  await assert.rejects(served('without-libuv-exports', { model: 'select' }), /PlatformError.*uv_poll_init/s);
});

test('a fallback to which there is no subscriber is a warning of the process', { skip }, async () => {
  const { stderr } = await served('without-koffi', {}, {}, false);
  assert.match(stderr, /Warning.*libuv serves.*koffi/s);
});

test('without a fallback there is no event', { skip }, async () => {
  const { fallback, stderr } = await served('without-koffi', { model: 'libuv' }, {}, false);
  assert.deepEqual([fallback, stderr], [undefined, '']);
});

for (const name of ['EPERM', 'ENOMEM'] as const) {
  test(`where the registrations of a ring fail with ${name}, epoll serves, and nothing stays open`, {
    skip,
  }, async () => {
    const env = { REFUSED_WITH: String(constants.errno[name]) };
    const { model, fallback, answer, descriptors } = await served(
      'without-io-uring-registration',
      { model: 'uring' },
      env,
    );
    assert.deepEqual([model, fallback?.model, answer], ['epoll', 'epoll', 'hello\n']);
    assert.match(fallback?.message ?? '', new RegExp(`io_uring .*\\(${name}\\)`));
    assert.equal(descriptors, 0);
  });
}
