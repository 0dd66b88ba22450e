import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Manifest, readManifest, root } from './packed.ts';

type Locked = Partial<Manifest> & {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
};

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>;
};
const isOfRegistry = (path: string) => path.startsWith('node_modules/') && packages[path]?.link !== true;

test('package-lock.json says of each package of the workspace what its manifest says', () => {
  const folders = Object.keys(packages).filter((path) => !path.includes('node_modules/'));
  assert.ok(folders.length > 9, folders.join(', '));
  for (const folder of folders) {
    const locked = packages[folder] as Locked;
    const manifest = readManifest(join(root, folder));
    for (const field of ['version', 'license', 'engines'] as const) {
      assert.deepEqual(locked[field], manifest[field], `${field} of ${folder}`);
    }
    for (const field of [
      'dependencies',
      'devDependencies',
      'optionalDependencies',
      'peerDependencies',
    ] as const) {
      assert.deepEqual(locked[field], manifest[field], `${field} of ${folder}`);
    }
  }
});

test('package-lock.json has what each package needs, also on other systems', () => {
  for (const [path, locked] of Object.entries(packages)) {
    for (const name of Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })) {
      assert.ok(pathOf(name, path) !== undefined, `${path} needs ${name}, which is not locked`);
    }
  }
});

test('package-lock.json has the version and the checksum of each package, and no registry but the public one', () => {
  for (const [path, { version, integrity, resolved }] of Object.entries(packages)) {
    if (!isOfRegistry(path)) continue;
    assert.match(version ?? '', /^\d+\.\d+\.\d+/, path);
    assert.match(integrity ?? '', /^sha(512|1)-/, path);
    if (resolved !== undefined) assert.equal(new URL(resolved).host, 'registry.npmjs.org', path);
  }
});

const systems = ['linux', 'darwin', 'win32'].flatMap((os) =>
  ['x64', 'arm64'].flatMap((cpu) =>
    (os === 'linux' ? ['glibc', 'musl'] : ['']).map((libc) => ({ os, cpu, libc })),
  ),
);

test('package-lock.json has the binaries of each package for Linux, macOS and Windows, x64 and arm64, glibc and musl', () => {
  let families = 0;
  for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
    const binaries = Object.keys(optionalDependencies)
      .map((name) => packages[pathOf(name, path) ?? ''] ?? {})
      .filter(({ os }) => os !== undefined);
    if (binaries.length === 0) continue;
    families++;
    for (const { os, cpu, libc } of systems) {
      const found = binaries.some(
        (each) =>
          each.optional === true &&
          each.os?.includes(os) &&
          each.cpu?.includes(cpu) &&
          (each.libc?.includes(libc) ?? true),
      );
      assert.ok(found, `${path} has no binary for ${os} ${cpu} ${libc}`);
    }
  }
  assert.ok(families >= 4, `only ${families} packages with binaries are locked`);
});

/** Where a package finds another one: the nearest `node_modules` on the way up. */
function pathOf(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/'), 0))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (path in packages) return path;
    if (folder === '') return undefined;
  }
}
