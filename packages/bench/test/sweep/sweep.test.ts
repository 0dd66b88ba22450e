import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Model, models } from 'zocalo';
import type { EchoResult } from '../../src/load/task.ts';
import { serves } from '../../src/runner/plan.ts';
import { echoFiguresOf, summarize } from '../../src/runner/summary.ts';
import { capacity, modelConfig, modelServer } from '../../src/sweep/model-server.ts';
import { limitedByGenerator, sweepNotes } from '../../src/sweep/notes.ts';
import { type Sweep, type SweepMeasurement, sweepPoint, within } from '../../src/sweep/sweep.ts';
import { renderSweep } from '../../src/sweep/tables.ts';

/** A result whose figures are all derived from one number. */
function result(figure: number, generatorBusy = 0.5): EchoResult {
  return {
    kind: 'echo',
    messages: 1000,
    seconds: 1,
    messagesPerSecond: figure * 1000,
    cpuMicrosPerMessage: { user: figure, system: figure, total: figure },
    latencyMicros: { p50: figure, p99: figure },
    serverBusy: 1,
    generatorBusy,
    serverWaited: 0,
    takenByOthers: null,
  };
}

const serverOf = (model: Model) => modelServer(modelConfig(model));

function measurement(
  model: Model,
  active: number,
  made: SweepMeasurement['result'],
  round = 1,
): SweepMeasurement {
  const workload = sweepPoint('active', { active, idle: 0 }, { bytes: 64, warmupSeconds: 1, seconds: 1 });
  return { round, workload, server: serverOf(model), result: made };
}

const sweep: Sweep = {
  name: 'active',
  points: [
    { active: 1, idle: 0 },
    { active: 20, idle: 0 },
  ],
};

test('models that block serve as many clients as they have workers, the others any number', () => {
  const most = Object.fromEntries(models.map((model) => [model, capacity(modelConfig(model))?.maxClients]));
  assert.equal(most.iterative, 1);
  assert.equal(most['thread-pool'], 10);
  assert.equal(most.epoll, undefined);
  assert.equal(capacity(modelConfig('process-pool', 3))?.maxClients, 3);
  assert.ok(serves(modelServer(modelConfig('thread-pool', 3)), 1 + 2));
  assert.ok(
    !serves(modelServer(modelConfig('thread-pool', 3)), 2 + 2),
    'an idle client has a worker as well',
  );
});

test('workers are for the models that can have them', () => {
  assert.deepEqual(modelConfig('epoll', 4, 'process'), { model: 'epoll', workers: 4, isolation: 'process' });
  assert.deepEqual(modelConfig('epoll'), { model: 'epoll' });
  assert.deepEqual(modelConfig('thread-pool', 4, 'process'), { model: 'thread-pool', workers: 4 });
  assert.deepEqual(modelConfig('thread-per-client', 4, 'process'), { model: 'thread-per-client' });
  assert.deepEqual(modelConfig('iterative', 4), { model: 'iterative' });
});

test('a sweep for which there is no room is scaled down to what just fits', () => {
  const points = [0, 50, 1000, 2000].map((idle) => ({ active: 10, idle }));
  assert.deepEqual(
    within({ name: 'idle', points }, 100).points.map(({ active, idle }) => [active, idle]),
    [
      [10, 0],
      [10, 50],
      [10, 90],
    ],
  );
  assert.deepEqual(within({ name: 'idle', points }, 10_000).points, points);
});

test('a figure is the median of the rounds that gave a result', () => {
  const rounds = [4, 100, 6].map((figure, i) => measurement('epoll', 1, result(figure), i + 1));
  const failed = measurement('epoll', 1, { kind: 'failure', reason: 'no luck' }, 4);
  const [summary] = summarize([...rounds, failed]);
  assert.equal(summary?.rounds, 3);
  assert.equal(summary && echoFiguresOf(summary)?.cpuMicrosPerMessage.total, 6);
  assert.deepEqual(summary?.failures, ['no luck']);
  assert.deepEqual(sweepNotes(summary === undefined ? [] : [summary]), [
    'epoll failed with 1 active and 0 idle (some rounds): no luck',
  ]);
});

test('a note says where the generator was at its limit', () => {
  const summaries = summarize([
    measurement('epoll', 1, result(5, 0.6)),
    measurement('epoll', 20, result(5, 0.99)),
    measurement('poll', 20, result(5, 0.9)),
  ]);
  assert.deepEqual([...limitedByGenerator(summaries).keys()], ['epoll']);
  assert.deepEqual(sweepNotes(summaries), [
    'epoll with 20 active: the load generator was at its limit, the server could do more',
  ]);
});

test('a table has every figure, what failed, and what was left out with the cause', () => {
  const servers = [serverOf('iterative'), serverOf('epoll'), serverOf('libuv')];
  const summaries = summarize([
    measurement('iterative', 1, result(31)),
    measurement('epoll', 1, result(21)),
    measurement('libuv', 1, { kind: 'failure', reason: 'no luck' }),
    measurement('epoll', 20, result(6.5)),
    measurement('libuv', 20, result(8.25)),
  ]);
  const [throughput = '', cost = '', latency = '', leftOut] = renderSweep(sweep, servers, summaries).split(
    '\n\n',
  );
  assert.deepEqual(
    cost.split('\n').filter((line) => !line.startsWith('─')),
    [
      'CPU µs/message  1 active  20 active',
      'iterative          31.00          –',
      'epoll              21.00       6.50',
      'libuv             failed       8.25',
    ],
  );
  assert.match(throughput, /^messages\/s .*\n.*\niterative +31,000 +–\nepoll +21,000 +6,500$/m);
  assert.match(latency, /^p99 latency µs /);
  assert.equal(leftOut, '– iterative serves one client at a time');
});
