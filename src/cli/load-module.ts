import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProtocolModuleError } from '../errors.ts';
import { lendPackage } from '../workers/own-package.ts';
import { Failure, oneLine } from './failure.ts';

/** Whether an argument of `serve` is a path of a module, and not the name of a service. */
export function isModulePath(text: string): boolean {
  return /[/\\]|^\.|\.[cm]?[jt]s$/.test(text);
}

/**
 * The module of a protocol. What it imports from `zocalo` will be this copy of the package, so that it need not be installed where the
 * module is.
 * @param path relative to `directory`
 * @throws Failure when there is no such file
 */
export function findModule(path: string, directory: string): URL {
  const file = resolve(directory, path);
  if (!existsSync(file)) throw new Failure(`there is no module ${path}`);
  lendPackage();
  return pathToFileURL(file);
}

/** What is wrong with a module, as one line. Where a syntax error is, Node tells nobody but the terminal. */
export function describeModuleError({ reason, cause }: ProtocolModuleError, path: string): string {
  const hint = cause instanceof SyntaxError ? ` (\`node ${path}\` shows where)` : '';
  return `${path} ${oneLine(new Error(reason))}${hint}`;
}
