import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { subjects } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess } from '@zocalo/test-support/test-process.ts';

const linux = process.platform === 'linux';
const hasPrlimit = linux && spawnSync('prlimit', ['--version']).status === 0;
const sigio = subjects.find(({ name }) => name === 'sigio') as (typeof subjects)[number];
const SIGIO = 29;
const O_ASYNC = 0o20000;

/** A line of proc_pid_status(5). */
function statusOf(pid: number | 'self', field: string): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return status.match(new RegExp(`^${field}:\\s+(.*)$`, 'm'))?.[1] ?? '';
}
const hasSignal = (set: string, signal: number) => ((BigInt(`0x${set}`) >> BigInt(signal - 1)) & 1n) === 1n;
/** The flags of an open descriptor of this process, as in open(2). */
const flagsOf = (fd: number) =>
  Number.parseInt(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^flags:\s+(\d+)$/m)?.[1] ?? '', 8);

describe('sigio', { skip: linux ? false : 'sigio is a mechanism of Linux' }, () => {
  const skip = hasPrlimit ? false : 'there is no prlimit (util-linux)';
  test('when the queue of signals overflows no client is forgotten, new ones included', {
    skip,
  }, async () => {
    await using server = await ServerProcess.start({
      subject: sigio,
      module: 'commands',
      protocol: {},
      options: {},
    });
    const clients = await Promise.all(Array.from({ length: 200 }, () => TestClient.connect(server.address)));
    for (const client of clients) assert.equal(await client.ask('echo in'), 'in');
    execFileSync('prlimit', ['--pid', `${server.pid}`, '--sigpending=2']);
    for (let round = 0; round < 3; round++) {
      // While it stands still it takes no signal.
      process.kill(server.pid, 'SIGSTOP');
      await eventually('it stands still', () => statusOf(server.pid, 'State').startsWith('T'));
      for (const [i, client] of clients.entries()) client.send(`echo ${round} ${i}\n`);
      const newcomers = await Promise.all(
        Array.from({ length: 20 }, () => TestClient.connect(server.address)),
      );
      for (const client of newcomers) client.send('echo new\n');
      await eventually('the queue has overflown', () => hasSignal(statusOf(server.pid, 'SigPnd'), SIGIO));
      process.kill(server.pid, 'SIGCONT');
      for (const [i, client] of clients.entries()) assert.equal(await client.readLine(), `${round} ${i}`);
      for (const client of newcomers) assert.equal(await client.readLine(), 'new');
      for (const client of newcomers) client[Symbol.dispose]();
    }
    for (const client of clients) client[Symbol.dispose]();
  });

  test('each thread gets the signals of its own clients', async () => {
    const options = { ...sigio.options, workers: 3, isolation: 'thread' } as const;
    const traits = { ...sigio.traits, workers: 'threads', sharesMemory: false } as const;
    await using server = await serveCommands({ name: 'sigio', options, traits });
    const clients = await Promise.all(Array.from({ length: 60 }, () => TestClient.connect(server.address)));
    for (let round = 0; round < 3; round++) {
      for (const [i, client] of clients.entries()) client.send(`echo ${round} ${i}\n`);
      for (const [i, client] of clients.entries()) assert.equal(await client.readLine(), `${round} ${i}`);
    }
    for (const client of clients) client[Symbol.dispose]();
  });

  test('the last server that ends leaves the signal mask as it was', async () => {
    const before = statusOf('self', 'SigBlk');
    {
      await using first = await serveCommands(sigio);
      await using _second = await serveCommands(sigio);
      assert.equal(hasSignal(statusOf('self', 'SigBlk'), SIGIO), true);
      await first.close();
      assert.equal(hasSignal(statusOf('self', 'SigBlk'), SIGIO), true, 'another one still needs it');
    }
    assert.equal(statusOf('self', 'SigBlk'), before);
  });

  test('a descriptor that is no longer watched sends no signals, whatever it is used for then', async () => {
    const { SignalPoller } = await import('../../src/loops/sigio.ts');
    const { StreamPairs } = await import('./stream-pairs.ts');
    using pairs = new StreamPairs();
    const poller = new SignalPoller();
    const [one] = pairs.make();
    const [two] = pairs.make();
    const before = flagsOf(one);
    poller.add(one, 0, 1);
    poller.add(two, 0, 2);
    assert.equal(flagsOf(one), before | O_ASYNC);
    poller.remove(one);
    assert.equal(flagsOf(one), before);
    // A signal about one that is still watched would end this process once it is no longer blocked.
    poller.close();
    assert.equal(flagsOf(two), before);
  });
});
