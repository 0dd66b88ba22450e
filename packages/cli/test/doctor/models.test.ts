import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Model, models } from 'zocalo';
import { type Mechanism, mechanisms } from 'zocalo/internal';
import { demandFor } from '../../src/doctor/demand.ts';
import { checkModels, reasonFor } from '../../src/doctor/model-checks.ts';
import { factsWith } from './support.ts';

const DEMAND = demandFor(undefined);
const works = Object.fromEntries(mechanisms.map((name) => [name, undefined])) as Record<Mechanism, undefined>;

function checked(
  model: Model,
  facts = factsWith(),
  faults: Partial<Record<Mechanism, string>> = {},
  demand = DEMAND,
) {
  const found = checkModels(facts, { ...works, ...faults }, demand).find((each) => each.model === model);
  assert.ok(found);
  return found;
}

test('every model is judged, under the name it is asked for', () => {
  assert.deepEqual(
    checkModels(factsWith(), works, DEMAND).map(({ model }) => model),
    [...models],
  );
});

test('a model whose mechanism cannot be set up cannot run, and says why', () => {
  const { verdict, found, room } = checked('uring', undefined, { uring: 'io_uring is refused' });
  assert.deepEqual([verdict, found, room], ['no', 'io_uring is refused', 0]);
  for (const model of ['iterative', 'thread-pool', 'process-per-client'] as const) {
    assert.equal(checked(model, undefined, { blocking: 'no' }).verdict, 'no');
  }
});

test('models that serve one client a worker are as good as they are, whatever is asked for', () => {
  for (const demand of [DEMAND, demandFor(1_000_000)]) {
    const iterative = checked('iterative', undefined, {}, demand);
    assert.deepEqual(
      [iterative.verdict, iterative.wanted, iterative.found],
      ['ok', 1, 'one client at a time'],
    );
    const pool = checked('process-pool', undefined, {}, demand);
    assert.deepEqual([pool.verdict, pool.wanted], ['ok', 8]);
  }
});

test('in one thread, descriptors or memory are what there is room for', () => {
  const few = { '/proc/self/limits': 'Max open files  256  256  files\n' };
  assert.deepEqual(checked('epoll', factsWith(few)), {
    model: 'epoll',
    verdict: 'low',
    found: 'room for 192 clients of 10,000: not enough open files',
    wanted: 10_000,
    room: 192,
  });
  const small = checked('libuv', factsWith({}, { memory: 128 * 2 ** 20 }));
  assert.deepEqual(
    [small.verdict, small.found],
    ['low', 'room for 1,024 clients of 10,000: not enough memory'],
  );
});

test('a thread or a process for each client lets in fewer by default, or as many as are asked for', () => {
  for (const model of ['thread-per-client', 'process-per-client'] as const) {
    const byDefault = checked(model);
    assert.deepEqual([byDefault.verdict, byDefault.wanted], ['ok', 256]);
    assert.match(byDefault.found, /; lets in 256 by default$/);
    const asked = checked(model, undefined, {}, demandFor(20_000));
    assert.deepEqual([asked.verdict, asked.wanted], ['low', 20_000]);
  }
});

test('threads and processes of their own cost descriptors, memory and threads', () => {
  const facts = factsWith({}, { memory: 2 * 2 ** 30 });
  const [epoll, threads, processes] = (['epoll', 'thread-per-client', 'process-per-client'] as const).map(
    (model) => checked(model, facts),
  );
  assert.match(processes?.found ?? '', /not enough memory$/);
  assert.ok((processes?.room ?? 0) < (threads?.room ?? 0) && (threads?.room ?? 0) < (epoll?.room ?? 0));
  const limited = factsWith({ '/proc/sys/kernel/pid_max': '231\n' });
  assert.equal(checked('thread-per-client', limited).room, 220);
  assert.equal(
    checked('process-per-client', limited).found,
    'room for 20 clients of 256: not enough threads',
  );
  const few = factsWith({ '/proc/self/limits': 'Max open files  256  256  files\n' });
  assert.equal(checked('thread-per-client', few).found, 'room for 24 clients of 256: not enough open files');
  assert.equal(checked('process-per-client', few).room, 192);
});

test('a short queue of signals is reported for sigio alone', () => {
  const files = {
    '/proc/self/limits': 'Max open files  65536  65536  files\nMax pending signals  100  100  signals\n',
  };
  const { verdict, found } = checked('sigio', factsWith(files));
  assert.equal(verdict, 'low');
  assert.match(found, /but for 100 pending signals$/);
  assert.equal(checked('poll', factsWith(files)).verdict, 'ok');
});

test('the reason for the default follows the platform and the system calls', () => {
  const working = { systemCalls: undefined, ioUring: undefined };
  assert.match(reasonFor({ platform: 'linux' }, working), /^this is Linux/);
  assert.match(reasonFor({ platform: 'linux' }, { ...working, systemCalls: 'no' }), /koffi/);
  assert.match(reasonFor({ platform: 'darwin' }, working), /this is darwin$/);
});
