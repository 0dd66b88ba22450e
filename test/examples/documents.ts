import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { directory } from '../cli/support.ts';

const root = join(import.meta.dirname, '../..');

/** A file of the repository, as text. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The code blocks of TypeScript in a document, in order. */
export function blocks(path: string): string[] {
  return [...read(path).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code as string);
}

/** A directory with files in which `zocalo` can be imported as if it were installed: it is the sources. */
export function project(test: TestContext, files: Readonly<Record<string, string>>): string {
  const where = directory(test, { ...files, 'package.json': '{ "type": "module" }' });
  const installed = join(where, 'node_modules/zocalo');
  mkdirSync(installed, { recursive: true });
  const exported = { '.': './index.js', './testing': './testing.js' };
  const manifest = { name: 'zocalo', type: 'module', exports: exported };
  writeFileSync(join(installed, 'package.json'), JSON.stringify(manifest));
  for (const [file, source] of [
    ['index.js', 'src/index.ts'],
    ['testing.js', 'src/testing/index.ts'],
  ] as const) {
    const url = new URL(`../../${source}`, import.meta.url).href;
    writeFileSync(join(installed, file), `export * from '${url}';\n`);
  }
  return where;
}
