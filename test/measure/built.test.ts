import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { directory } from './support.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const skip = process.platform === 'linux' ? false : 'the generator uses epoll and /proc';

test('built by the compiler, the instrument finds the programs that it starts', { skip }, async (t) => {
  const built = directory(t);
  copyFileSync(join(root, 'package.json'), join(built, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(built, 'dist')];
  await run(process.execPath, [compiler, ...options]);
  const line = 'bench active --models epoll,thread-pool --clients 2 --seconds 0.1 --rounds 1 --out results';
  const { stdout } = await run(process.execPath, [join(built, 'dist/cli/main.js'), ...line.split(' ')], {
    cwd: built,
  });
  assert.match(stdout, /^epoll +[\d,]+$/m);
  assert.match(stdout, /^thread-pool +[\d,]+$/m);
});
