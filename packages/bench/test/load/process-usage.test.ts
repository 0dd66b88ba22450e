import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';

const skip = process.platform === 'linux' ? false : 'it reads /proc';

/** A process that starts a process, which starts a thread; both of them use 160 ms of a core, and then all stay. */
const family = `
  const { spawn } = require('node:child_process');
  const busy = 'while (process.threadCpuUsage().user < 160_000);';
  const child = 'new (require("node:worker_threads").Worker)(' + JSON.stringify(busy + 'setInterval(() => {}, 1e6)') +
    ', { eval: true });' + busy + 'console.log("done")';
  const { stdout } = spawn(process.execPath, ['-e', child], { stdio: ['ignore', 'pipe', 'inherit'] });
  stdout.once('data', () => console.log('done'));
`;

test('the CPU time of a process has that of its threads and of its descendants in it', {
  skip,
}, async (t) => {
  const { cpuUsage } = await import('../../src/load/process-usage.ts');
  const parent = spawn(process.execPath, ['-e', family], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  t.after(() => process.kill(-(parent.pid as number), 'SIGKILL'));
  await once(parent.stdout, 'data');
  // The thread of the child may still be at work, and the kernel's account a tick behind.
  await eventually(
    '150 ms each of the child and its thread',
    () => cpuUsage(parent.pid as number).totalSeconds > 0.3,
  );
  const { userSeconds, systemSeconds, totalSeconds } = cpuUsage(parent.pid as number);
  assert.ok(
    Math.abs(userSeconds + systemSeconds - totalSeconds) < 0.2,
    `${userSeconds} + ${systemSeconds} is not ${totalSeconds}`,
  );
});

test('the memory of a process has that of its descendants in it', { skip }, async (t) => {
  const { memoryUsage } = await import('../../src/load/process-usage.ts');
  const parent = spawn(process.execPath, ['-e', family], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  t.after(() => process.kill(-(parent.pid as number), 'SIGKILL'));
  await once(parent.stdout, 'data');
  const alone = memoryUsage(process.pid).private;
  assert.ok(alone > 10e6, `this process alone has ${alone}`);
  // Two processes of Node, which take more than 10 MB each before they do anything.
  assert.ok(memoryUsage(parent.pid as number).private > 20e6);
});
