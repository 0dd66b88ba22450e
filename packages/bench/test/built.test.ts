import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { directory } from './support.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const skip = process.platform === 'linux' ? false : 'the generator uses epoll and /proc';

test('built by the compiler, the instrument finds the programs that it starts', { skip }, async (t) => {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'packages/cli'], {
    cwd: root,
  });
  const line = 'bench active --models epoll,thread-pool --clients 2 --seconds 0.1 --rounds 1 --out results';
  // Without the condition under which packages find each other's sources.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await run(
    process.execPath,
    [join(root, 'packages/cli/dist/main.js'), ...line.split(' ')],
    { cwd: directory(t), env },
  );
  assert.match(stdout, /^epoll +[\d,]+$/m);
  assert.match(stdout, /^thread-pool +[\d,]+$/m);
});
