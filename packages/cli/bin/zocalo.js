#!/usr/bin/env node
// The command: of its sources in a clone, of what was built from them in a package. Any Node must be able to read this file, so that one
// that is too old is told so and does not trip over the rest: no static import but of what every Node has, no syntax younger than modules.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST = 24;
const SOURCES = '--conditions=@zocalo/source';
const found = process.versions.node;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isClone = existsSync(`${root}/src/main.ts`);

if (isClone && !existsSync(`${root}/../../node_modules/commander`)) {
  fail(`what it needs is not installed yet: run \`npm install\` in ${dirname(dirname(root))}`);
} else if (Number.parseInt(found, 10) < OLDEST) {
  fail(`Node ${OLDEST} or newer is needed; this is Node ${found} (see https://nodejs.org)`);
} else if (!isClone) {
  // What was compiled is kept for the next start, which then takes half the time.
  module.enableCompileCache();
  import('../dist/main.js');
} else if (process.execArgv.includes(SOURCES) || import.meta.resolve('zocalo').endsWith('.ts')) {
  module.enableCompileCache();
  import('../src/main.ts');
} else {
  restartWithSources();
}

/**
 * The packages find each other's sources only under a condition, which a Node that runs, and the workers it will start, can be given only
 * at its start. The process stays the same, with its id, its signals and its streams; a channel to a parent process, as `node --watch` has
 * one, is lost: give it the condition there.
 */
async function restartWithSources() {
  const args = [...process.execArgv, SOURCES, ...process.argv.slice(1)];
  if (process.platform === 'win32') {
    // Ctrl-C goes to both processes, and the one that waits must not end before the other.
    process.on('SIGINT', () => {});
    const { spawnSync } = await import('node:child_process');
    process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
  } else {
    // It would print that execve is experimental.
    process.removeAllListeners('warning');
    process.execve(process.execPath, [process.execPath, ...args], process.env);
  }
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`zocalo: ${message}\n`);
  process.exitCode = 1;
}
