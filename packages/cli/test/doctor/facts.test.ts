import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectFacts, isAtLeast } from '../../src/doctor/facts.ts';
import { limitsInReport, parseLimits } from '../../src/doctor/limits.ts';
import { wholeNumber } from '../../src/doctor/read-text.ts';
import { factsWith, LIMITS } from './support.ts';

test('the limits are read with the soft one first, and unlimited is infinite', () => {
  assert.deepEqual(parseLimits(LIMITS), {
    openFiles: { soft: 1_024, hard: 524_288 },
    processes: { soft: 96_365, hard: 96_366 },
    pendingSignals: { soft: 7_823, hard: 7_823 },
    lockedMemory: { soft: 65_536, hard: Number.POSITIVE_INFINITY },
  });
});

test('any limits that the kernel writes are read as they are', () => {
  const amount = fc.oneof(fc.nat(), fc.constant(Number.POSITIVE_INFINITY));
  fc.assert(
    fc.property(amount, amount, (soft, hard) => {
      const cell = (limit: number) => (limit === Infinity ? 'unlimited' : `${limit}`).padEnd(20);
      // The format of proc_pid_limits() in fs/proc/base.c.
      const line = `${'Max open files'.padEnd(25)} ${cell(soft)} ${cell(hard)} ${'files'.padEnd(10)}\n`;
      assert.deepEqual(parseLimits(line).openFiles, { soft, hard });
    }),
  );
});

test('what stands nowhere is not known', () => {
  assert.deepEqual(Object.values(parseLimits('')), [undefined, undefined, undefined, undefined]);
  for (const amounts of ['many  more', '12  more', 'many  12']) {
    assert.equal(parseLimits(`Max open files  ${amounts}  files`).openFiles, undefined);
  }
});

test('nothing that a file may hold makes it fail', () => {
  fc.assert(fc.property(fc.string(), (text) => void collectFacts(() => text)));
});

test('without /proc the limits come from the report of Node', () => {
  const userLimits = {
    open_files: { soft: 256, hard: 'unlimited' },
    max_user_processes: { soft: 2666, hard: 4000 },
  };
  const { limits, somaxconn, ephemeralPorts } = collectFacts(() => undefined, {
    ...factsWith(),
    report: () => ({ userLimits }),
  });
  assert.deepEqual(limits.openFiles, { soft: 256, hard: Number.POSITIVE_INFINITY });
  assert.deepEqual(limits.processes, { soft: 2_666, hard: 4_000 });
  assert.equal(limits.pendingSignals, undefined);
  assert.deepEqual([somaxconn, ephemeralPorts], [undefined, undefined]);
});

test('a report without limits, as on Windows, says nothing', () => {
  for (const report of [{}, undefined]) assert.equal(limitsInReport(report).openFiles, undefined);
});

test('on this machine the report of Node and /proc agree', { skip: process.platform !== 'linux' }, () => {
  const here = collectFacts();
  const { limits } = collectFacts(() => undefined);
  assert.deepEqual({ ...limits, pendingSignals: undefined }, { ...here.limits, pendingSignals: undefined });
  assert.ok((here.limits.openFiles?.soft ?? 0) > 0);
});

test('settings of the kernel are numbers, and ports a range', () => {
  const facts = factsWith();
  assert.deepEqual(
    [facts.somaxconn, facts.synBacklog, facts.synCookies, facts.mostOpenFiles, facts.ioUringDisabled],
    [4_096, 2_048, 1, 1_048_576, 0],
  );
  assert.deepEqual(facts.ephemeralPorts, { first: 32_768, last: 60_999 });
});

test('threads of the machine are bounded by the smaller of two settings', () => {
  assert.equal(factsWith().mostThreads, 192_730);
  assert.equal(factsWith({ '/proc/sys/kernel/pid_max': '32768' }).mostThreads, 32_768);
  const neither = { '/proc/sys/kernel/pid_max': undefined, '/proc/sys/kernel/threads-max': undefined };
  assert.equal(factsWith(neither).mostThreads, undefined);
});

test('only digits are a whole number', () => {
  assert.equal(wholeNumber(' 17\n'), 17);
  for (const text of [undefined, '', '-1', 'max', '1.5', '1 2', '0x1'])
    assert.equal(wholeNumber(text), undefined);
});

test('versions of the kernel are compared as numbers', () => {
  assert.ok(isAtLeast('6.18.44-fc-v669', 5, 12));
  assert.ok(isAtLeast('5.12.0', 5, 12));
  assert.ok(!isAtLeast('5.4.0-150-generic', 5, 12));
  assert.ok(!isAtLeast('4.19.0', 5, 12));
  assert.ok(isAtLeast('unheard-of', 5, 12));
});
