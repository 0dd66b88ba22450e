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
 * The module of a protocol, and what that is called, if it can be told so early. What the module imports from `zocalo` will be this copy of
 * the package, so that it need not be installed where the module is. It is loaded here, before signals are caught, so that one that never
 * finishes loading can be ended; what is wrong with it is found where it is served.
 * @param path relative to `directory`
 * @throws Failure when there is no such file
 */
export async function findModule(
  path: string,
  directory: string,
): Promise<{ module: URL; name: string | undefined }> {
  const file = resolve(directory, path);
  if (!existsSync(file)) throw new Failure(`there is no module ${path}`);
  lendPackage();
  const module = pathToFileURL(file);
  const loaded: { default?: { name?: unknown } } | undefined = await import(module.href).catch(
    () => undefined,
  );
  const exported = loaded?.default;
  const named = typeof exported === 'object' && typeof exported?.name === 'string';
  return { module, name: named ? (exported.name as string) : undefined };
}

/** What is wrong with a module, as one line. Where a syntax error is, Node tells nobody but the terminal. */
export function describeModuleError({ reason, cause }: ProtocolModuleError, path: string): string {
  const hint = cause instanceof SyntaxError ? ` (\`node ${path}\` shows where)` : '';
  return `${path} ${oneLine(new Error(reason))}${hint}`;
}
