/**
 * Builds one package, and what it uses of others, before it is packed; runs in its folder. What was built of sources that are gone is removed.
 * Nothing else in `dist` is touched where nothing has changed, since tests may run of it at the same time.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
copyFileSync(join(root, 'LICENSE'), 'LICENSE');
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync('node', [compiler, '-b'], { stdio: 'inherit' });
if (status !== 0) process.exit(1);
for (const path of readdirSync('dist', { recursive: true })) {
  const source = join('src', path.replace(/\.(d\.ts|js)$/, '.ts'));
  if (/\.(ts|js)$/.test(path) && !existsSync(source)) rmSync(join('dist', path));
}
