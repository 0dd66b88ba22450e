/**
 * Runs the tests of the package (or of the whole repository) in the current folder; arguments are files or patterns, to run those alone, and
 * options of `node --test`, those with a value as `--name=value`.
 *
 * All its processes share one cache of compiled code: a test file, and each command that it starts, would else strip the types of 100
 * modules again, which takes longer than most tests.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const all = ['test/**/*.test.ts', ...(existsSync('packages') ? ['packages/*/test/**/*.test.ts'] : [])];
const args = process.argv.slice(2);
const patterns = args.some((arg) => !arg.startsWith('-')) ? [] : all;

const env = {
  ...process.env,
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)),
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --conditions=@zocalo/source`,
};
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=4', ...args, ...patterns], {
  env,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
