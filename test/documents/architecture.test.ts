import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { read, root } from './documents.ts';

const text = read('docs/architecture.md');

/** The paths of the tree that the document draws, relative to the root. */
function drawn(): string[] {
  const [, tree = ''] = /^## The tree$.*?^```$(.*?)^```$/ms.exec(text) ?? [];
  const above: string[] = [];
  return tree
    .trim()
    .split('\n')
    .map((line) => {
      const [, indent = '', name = ''] = /^( *)(\S+)/.exec(line) ?? [];
      above.length = indent.length / 2;
      above.push(name);
      return above.join('');
    });
}

test('the tree of docs/architecture.md is that of the repository', () => {
  const paths = drawn();
  assert.ok(paths.length > 40);
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(root, path))),
    [],
  );
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/`);
  assert.deepEqual(
    packages.filter((path) => !paths.includes(path)),
    [],
  );
  const layers = packages
    .map((path) => `${path}src/`)
    .flatMap((path) =>
      readdirSync(join(root, path), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${path}${name}/`),
    )
    .filter((path) => !path.startsWith('packages/test-support/'));
  assert.ok(layers.length > 35);
  assert.deepEqual(
    layers.filter((path) => !paths.includes(path)),
    [],
  );
});

test('every file that docs/architecture.md names is there', () => {
  const files = ['packages', 'test', 'scripts', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
      (path) => `/${folder}/${path}`,
    ),
  );
  const named = [...text.matchAll(/`([\w/-]+\.(?:ts|js|json|mjs))`/g)].map(([, path = '']) => path);
  assert.ok(named.length > 30);
  const there = (path: string) => files.some((file) => file.endsWith(`/${path}`));
  assert.deepEqual(
    named.filter((path) => !there(path) && !path.startsWith('package')),
    [],
  );
});
