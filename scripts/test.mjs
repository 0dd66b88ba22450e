/**
 * Runs the tests of the package (or of the whole repository) in the current folder; arguments are files or patterns, to run those alone, and
 * options of `node --test`, those with a value as `--name=value`.
 *
 * All its processes share one cache of compiled code: a test file, and each command that it starts, would else strip the types of 100
 * modules again, which takes longer than most tests.
 *
 * A few files that fail beside the others are run once more, each by itself: they start many processes, and on a small machine with a busy
 * neighbour one of them may come too late. What passes only then is named at the end, to be looked into; what fails twice fails the run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** When more files than this fail, something is broken, and a second run would only take time. */
const MAX_FILES_AGAIN = 5;

const all = ['test/**/*.test.ts', ...(existsSync('packages') ? ['packages/*/test/**/*.test.ts'] : [])];
const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const chosen = args.filter((arg) => !arg.startsWith('-'));

const env = {
  ...process.env,
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)),
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --conditions=@zocalo/source`,
};
const run = (...more) =>
  spawnSync(process.execPath, ['--test', ...options, ...more], { env, stdio: 'inherit' }).status ?? 1;

if (chosen.length > 0) process.exitCode = run('--test-concurrency=4', ...chosen);
else process.exitCode = runAll();

function runAll() {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-tests-'));
  const list = join(directory, 'failed');
  const reporter = fileURLToPath(new URL('failed-files.mjs', import.meta.url));
  try {
    const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
    reporters.push(`--test-reporter=${reporter}`, `--test-reporter-destination=${list}`);
    const status = run('--test-concurrency=4', ...reporters, ...all);
    if (status === 0) return 0;
    const failed = existsSync(list) ? readFileSync(list, 'utf8').split('\n').filter(Boolean) : [];
    // What is defined outside of a file of tests cannot be run by itself.
    const known = failed.every((file) => file.endsWith('.test.ts'));
    if (failed.length === 0 || failed.length > MAX_FILES_AGAIN || !known) return status;
    const names = failed.map((file) => relative('.', file)).join(', ');
    console.log(`\nFailed beside others, and run once more by themselves: ${names}`);
    if (run('--test-concurrency=1', ...failed) !== 0) return status;
    console.log(`\nPassed only when run by themselves: ${names}`);
    return 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
