import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { processTree } from '@zocalo/test-support/proc.ts';
import { env, readManifest, root } from './packed.ts';

const execute = promisify(execFile);
type Locked = { readonly version?: string; readonly optional?: boolean };

test('in a clone npx zocalo runs the command from its sources', async () => {
  using cache = new TemporaryFolder();
  const { stdout } = await execute('npx', ['zocalo', '--version'], {
    cwd: root,
    env: { ...env, npm_config_cache: cache.path },
  });
  assert.equal(stdout, `${readManifest(join(root, 'packages/cli')).version}\n`);
});

test('in a clone where nothing is installed the command says what to do', async () => {
  using clone = new TemporaryFolder();
  for (const file of ['bin/zocalo.js', 'src/main.ts', 'package.json'].map((each) => `packages/cli/${each}`)) {
    mkdirSync(dirname(clone.file(file)), { recursive: true });
    cpSync(join(root, file), clone.file(file));
  }
  await assert.rejects(execute(process.execPath, [clone.file('packages/cli/bin/zocalo.js'), '--version']), {
    code: 1,
    stdout: '',
    stderr: `zocalo: what it needs is not installed yet: run \`npm install\` in ${clone.path}\n`,
  });
});

/** What `npm start` asks first: whether an install is needed in a folder with such locks. */
async function installs(installed: Record<string, Locked>): Promise<boolean> {
  using clone = new TemporaryFolder();
  mkdirSync(clone.file('node_modules/.bin'), { recursive: true });
  mkdirSync(clone.file('bin'));
  writeFileSync(clone.file('node_modules/.bin/node'), '');
  const packages = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  };
  writeFileSync(clone.file('package-lock.json'), JSON.stringify({ packages }));
  writeFileSync(clone.file('node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
  // In the place of npm.
  writeFileSync(clone.file('bin/npm'), '#!/bin/sh\necho "npm $1"\n', { mode: 0o755 });
  const { stderr } = await execute(process.execPath, [join(root, 'scripts/install-if-needed.mjs')], {
    cwd: clone.path,
    env: { ...process.env, PATH: `${clone.file('bin')}${delimiter}${process.env.PATH}` },
  });
  return stderr.includes('npm ci');
}

test('npm start installs what is missing or of another version, and nothing after an install by hand', async () => {
  const a = { 'node_modules/a': { version: '1.0.0' } };
  assert.equal(await installs(a), false, 'an optional package may be for another system');
  assert.equal(await installs({ ...a, 'node_modules/b': { version: '2.0.0' } }), false);
  assert.equal(await installs({ ...a, 'node_modules/b': { version: '1.0.0' } }), true);
  assert.equal(await installs({ 'node_modules/a': { version: '0.9.0' } }), true);
  assert.equal(await installs({}), true);
});

for (const [what, ...args] of [
  ['npm', 'start', '--'],
  ['npx', 'zocalo', 'up'],
] as const) {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`${signal} to ${what} leaves nothing that listens`, {
      skip: process.platform === 'linux' ? false : 'what it starts is found in /proc',
    }, async (t) => {
      using folder = new TemporaryFolder();
      const path = folder.file('echo.sock');
      writeFileSync(
        folder.file('one.toml'),
        `log = "off"\n[servers.echo]\nservice = "echo"\npath = "${path}"\n`,
      );
      const npm = spawn(what, [...args, folder.file('one.toml')], {
        cwd: root,
        env: { ...env, npm_config_cache: folder.path },
        stdio: 'ignore',
      });
      t.after(() => npm.kill('SIGKILL'));
      await eventually('it listens', () => existsSync(path));
      const family = processTree(npm.pid ?? 0);
      npm.kill(signal);
      await eventually('all have ended', () => family.every((pid) => !existsSync(`/proc/${pid}`)));
      assert.equal(existsSync(path), false);
    });
  }
}
