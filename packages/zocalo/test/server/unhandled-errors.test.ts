import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { lines, type Reply, serve } from '../../src/index.ts';

/** The warnings of this process from now on. */
function warnings(): { all: Error[]; [Symbol.dispose](): void } {
  const all: Error[] = [];
  const note = (warning: Error) => void all.push(warning);
  process.on('warning', note);
  return { all, [Symbol.dispose]: () => void process.off('warning', note) };
}

const unspeakable = {
  get name(): never {
    throw new Error('no name');
  },
  toString: null,
};
const failing = {
  name: 'failing',
  framing: lines(),
  message(line: string): Reply {
    if (line === 'unspeakable') throw unspeakable;
    throw new TypeError(`no ${line}`);
  },
};

async function fail(where: Parameters<typeof TestClient.connect>[0], line: string): Promise<void> {
  using client = await TestClient.connect(where);
  client.send(`${line}\n`);
  await client.outcome();
}

test('the first failure of a handler to which there is no subscriber is a warning with its stack and a hint, the others are not', async () => {
  using warned = warnings();
  await using server = await serve(failing);
  await fail(server.address, 'luck');
  for (let i = 0; i < 3; i++) await fail(server.address, 'more');
  const [warning] = warned.all as (Error & { detail?: string })[];
  assert.equal(warned.all.length, 1);
  assert.equal(
    warning?.message,
    "a handler failed (client 1): TypeError: no luck. This warning is given once; server.events.on('error', ({ error }) => ...) reports each.",
  );
  assert.equal(warning?.name, 'ZocaloWarning');
  assert.match(warning?.detail ?? '', /^TypeError: no luck\n\s+at .*unhandled-errors\.test\.ts/);
});

test('a subscriber hears of all, and nothing is warned of while there is one', async () => {
  using warned = warnings();
  await using server = await serve(failing);
  const heard: unknown[] = [];
  const end = server.events.on('error', ({ error }) => void heard.push(error));
  for (let i = 0; i < 2; i++) await fail(server.address, 'luck');
  assert.deepEqual([heard.length, warned.all.length], [2, 0]);
  end();
  await fail(server.address, 'unspeakable');
  assert.deepEqual([heard.length, warned.all.length], [2, 1]);
});

test('a worker that dies is a warning, too', async () => {
  using warned = warnings();
  await using server = await serve(
    new URL('../../../test-support/src/protocols/crashing.ts', import.meta.url),
    {
      model: 'epoll',
      workers: 1,
    },
  );
  await fail(server.address, 'exit');
  assert.match(
    warned.all[0]?.message ?? '',
    /^thread \d+ died: it exited with status 7\. This warning is given once/,
  );
});

test('the warning is on the error output, and does not end the process', () => {
  const index = new URL('../../src/index.ts', import.meta.url).href;
  const program = `
    import { connect } from 'node:net';
    import { lines, serve } from '${index}';
    const server = await serve({ name: 'x', framing: lines(), message() { throw new Error('oh'); } });
    const client = connect(server.address.port, '127.0.0.1').on('close', () => server.close());
    client.end('hello\\n');`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  assert.match(
    stderr,
    /ZocaloWarning: a handler failed \(client 1\): Error: oh\. This warning is given once;.*\nError: oh\n {4}at /,
  );
});
