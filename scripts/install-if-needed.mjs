/**
 * Installs what package-lock.json names, where it is not installed: `npm start` and `npm test` call this first, so that each is enough on a
 * fresh clone. It runs on the machine's own Node, which may be too old for everything else: the install brings a newer one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

if (!isInstalled()) {
  console.error('Installing what package-lock.json names (this happens once) ...');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error('The install failed; see the messages above. Is the package registry within reach?');
    process.exit(1);
  }
}

/** npm leaves a lock of what it has installed. Optional packages are for other systems where they are not in it. */
function isInstalled() {
  if (!existsSync('node_modules/.bin/node')) return false;
  const there = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(
    ([path, { version, optional }]) =>
      path === '' || there[path]?.version === version || (optional === true && there[path] === undefined),
  );
}

function packagesOf(lock) {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')).packages;
  } catch {
    return {};
  }
}
