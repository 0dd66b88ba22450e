import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';

const program = fileURLToPath(new URL('../../../test-support/src/program.ts', import.meta.url));

/** How a program ends that has a server, and what it has said. */
function run(
  what: string,
  options: object,
): Promise<{ status: number | null; signal: string | null; said: string; complained: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, what, JSON.stringify(options)],
      (_error, said, complained) =>
        resolve({ status: child.exitCode, signal: child.signalCode, said, complained }),
    );
  });
}

onEveryModel((subject) => {
  const test = testWith(subject, { sharedMemory: true });
  const { options } = subject;
  const ends = async (what: string, said: string, status = 0) => {
    const end = await run(what, options);
    assert.deepEqual([end.status, end.signal, end.said], [status, null, said], end.complained);
  };

  test('a program ends whose server is unreferenced and has no client', () =>
    ends('unreferenced', 'served\n'));
  test('a client keeps a program alive whose server is unreferenced', () => ends('occupied', 'left\n'));
  test('a server that is referenced again keeps its program alive', () =>
    ends('referencedAgain', 'closed\n'));
  test('a program ends after a thousand servers that were made and closed', () =>
    ends('closedManyTimes', 'closed\n'));
  test('a thread that serves can be ended by force', () => ends('terminated', 'terminated\n'));
  test('a program that serves can exit', () => ends('exits', 'exit 3\n', 3));
  test('an uncaught exception ends a program that serves', async () => {
    const { status, complained } = await run('throws', options);
    assert.equal(status, 1);
    assert.match(complained, /Error: out of turn/);
  });
});
