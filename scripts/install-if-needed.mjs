/**
 * Installs what package-lock.json names, once: `npm start` and `npm test` call this first, so that each is enough on a fresh
 * clone. It runs on the machine's own Node, which may be too old for everything else: the install brings a newer one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const marker = 'node_modules/.installed';
const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
const installed =
  existsSync(marker) && existsSync('node_modules/.bin/node') ? readFileSync(marker, 'utf8') : '';

if (installed !== wanted) {
  console.error('Installing what package-lock.json names (this happens once) ...');
  const { status } = spawnSync(
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  );
  if (status !== 0) {
    console.error('The install failed; see the messages above. Is the package registry within reach?');
    process.exit(1);
  }
  writeFileSync(marker, wanted);
}
