import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capacity, subjectOf } from '../../src/measure/subject.ts';
import { type Sample, type Sweep, serves, within } from '../../src/measure/sweep.ts';
import { limitedByGenerator, summarizeSweeps, sweepNotes } from '../../src/measure/sweep-summary.ts';
import { renderSweep } from '../../src/measure/sweep-table.ts';
import type { EchoResult } from '../../src/measure/task.ts';
import { models } from '../../src/workers/models.ts';

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

function sample(model: string, active: number, made: Sample['result'], round = 1): Sample {
  return { round, sweep: 'active', model, active, idle: 0, result: made };
}

const sweep: Sweep = {
  name: 'active',
  crowds: [
    { active: 1, idle: 0 },
    { active: 20, idle: 0 },
  ],
};

test('models that block serve as many clients as they have workers, the others any number', () => {
  const most = Object.fromEntries(models.map((model) => [model, capacity(subjectOf(model))?.most]));
  assert.equal(most.iterative, 1);
  assert.equal(most['thread-pool'], 10);
  assert.equal(most.epoll, undefined);
  assert.equal(capacity(subjectOf('process-pool', 3))?.most, 3);
  assert.ok(serves(subjectOf('thread-pool', 3), { active: 1, idle: 2 }));
  assert.ok(
    !serves(subjectOf('thread-pool', 3), { active: 2, idle: 2 }),
    'an idle client has a worker as well',
  );
});

test('workers are for the models that can have them', () => {
  assert.deepEqual(subjectOf('epoll', 4, 'process'), { model: 'epoll', workers: 4, isolation: 'process' });
  assert.deepEqual(subjectOf('epoll'), { model: 'epoll' });
  assert.deepEqual(subjectOf('thread-pool', 4, 'process'), { model: 'thread-pool', workers: 4 });
  assert.deepEqual(subjectOf('thread-per-client', 4, 'process'), { model: 'thread-per-client' });
  assert.deepEqual(subjectOf('iterative', 4), { model: 'iterative' });
});

test('crowds for which there is no room are scaled down to one that just fits', () => {
  const crowds = [0, 50, 1000, 2000].map((idle) => ({ active: 10, idle }));
  assert.deepEqual(
    within({ name: 'idle', crowds }, 100).crowds.map(({ active, idle }) => [active, idle]),
    [
      [10, 0],
      [10, 50],
      [10, 90],
    ],
  );
  assert.deepEqual(within({ name: 'idle', crowds }, 10_000).crowds, crowds);
});

test('a figure is the median of the rounds that gave a result', () => {
  const rounds = [4, 100, 6].map((figure, i) => sample('epoll', 1, result(figure), i + 1));
  const failed = sample('epoll', 1, { kind: 'failure', reason: 'no luck' }, 4);
  const [summary] = summarizeSweeps([...rounds, failed]);
  assert.equal(summary?.rounds, 3);
  assert.equal(summary?.figures?.cpuMicrosPerMessage.total, 6);
  assert.deepEqual(summary?.failures, ['no luck']);
  assert.deepEqual(sweepNotes(summary === undefined ? [] : [summary]), [
    'epoll failed with 1 active and 0 idle (some rounds): no luck',
  ]);
});

test('it is told where the generator was at its limit', () => {
  const summaries = summarizeSweeps([
    sample('epoll', 1, result(5, 0.6)),
    sample('epoll', 20, result(5, 0.99)),
    sample('poll', 20, result(5, 0.9)),
  ]);
  assert.deepEqual([...limitedByGenerator(summaries).keys()], ['epoll']);
  assert.deepEqual(sweepNotes(summaries), [
    'epoll with 20 active: the load generator was at its limit, the server could do more',
  ]);
});

test('a table has every figure, what failed, and what was left out with the cause', () => {
  const subjects = [subjectOf('iterative'), subjectOf('epoll'), subjectOf('libuv')];
  const summaries = summarizeSweeps([
    sample('iterative', 1, result(31)),
    sample('epoll', 1, result(21)),
    sample('libuv', 1, { kind: 'failure', reason: 'no luck' }),
    sample('epoll', 20, result(6.5)),
    sample('libuv', 20, result(8.25)),
  ]);
  const [throughput = '', cost = '', latency = '', leftOut] = renderSweep(sweep, subjects, summaries).split(
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
