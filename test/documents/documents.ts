import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { directory } from '@zocalo/test-support/command.ts';

export const root = join(import.meta.dirname, '../..');

/** A file of the repository, as text. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The code blocks of TypeScript in a document, in order. */
export function blocks(path: string): string[] {
  return [...read(path).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code as string);
}

/** The one code block of TypeScript in a document that has certain words. */
export function blockWith(path: string, words: string): string {
  const found = blocks(path).filter((code) => code.includes(words));
  assert.equal(found.length, 1, `${found.length} blocks of ${path} have ${words}`);
  return found[0] as string;
}

/** A directory with files in which `zocalo` can be imported as if it were installed: it is the sources. */
export function project(test: TestContext, files: Readonly<Record<string, string>>): string {
  const where = directory(test, { ...files, 'package.json': '{ "type": "module" }' });
  mkdirSync(join(where, 'node_modules'));
  symlinkSync(join(root, 'packages/zocalo'), join(where, 'node_modules/zocalo'), 'junction');
  return where;
}
