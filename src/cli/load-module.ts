import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyProtocol } from '../services/service.ts';
import { Failure, oneLine } from './failure.ts';

/** This copy of the package may be its sources or what was built of them. */
const extension = extname(import.meta.filename);
/** The package's public modules, as files of this copy. */
const own: Readonly<Record<string, string>> = {
  zocalo: new URL(`../index${extension}`, import.meta.url).href,
  'zocalo/testing': new URL(`../testing/index${extension}`, import.meta.url).href,
};

const handlers = ['state', 'open', 'message', 'close', 'error', 'farewell', 'refuse', 'wait'] as const;

/** Whether an argument of `serve` is a path of a module, and not the name of a service. */
export function isModulePath(text: string): boolean {
  return /[/\\]|^\.|\.[cm]?[jt]s$/.test(text);
}

/**
 * Loads a protocol from the default export of a module. What the module imports from `zocalo` is this copy of the package, so
 * it need not be installed where the module is.
 * @param path relative to `directory`
 * @throws Failure when the module cannot be loaded or exports something else
 */
export async function loadModule(path: string, directory: string): Promise<AnyProtocol> {
  const file = resolve(directory, path);
  if (!existsSync(file)) throw new Failure(`there is no module ${path}`);
  lendPackage();
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new Failure(`${path} cannot be loaded: ${describe(error, path)}`);
  }
  const fault = faultIn(module.default);
  if (fault !== undefined) throw new Failure(`${path} is not a protocol: ${fault}`);
  return module.default as AnyProtocol;
}

let lent = false;

/** From now on `zocalo` is found by every module, as this copy. */
function lendPackage(): void {
  if (lent) return;
  lent = true;
  registerHooks({
    resolve(specifier, context, next) {
      const url = own[specifier];
      return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
    },
  });
}

/** What a value lacks to be a protocol; undefined when it lacks nothing. */
function faultIn(value: unknown): string | undefined {
  if (value === undefined) return 'it has no default export';
  if (typeof value !== 'object' || value === null) return 'its default export is not an object';
  const protocol: Readonly<Record<string, unknown>> = value as Record<string, unknown>;
  if (typeof protocol.name !== 'string' || protocol.name === '') return 'it has no name';
  const framing = protocol.framing as { create?: unknown; maxIncomplete?: unknown } | undefined | null;
  if (typeof framing?.create !== 'function' || typeof framing.maxIncomplete !== 'number') {
    return 'its framing is missing or not a framing, such as lines()';
  }
  if (protocol.message === undefined) return 'it has no message() to answer with';
  for (const name of handlers) {
    if (protocol[name] !== undefined && typeof protocol[name] !== 'function')
      return `its ${name} is not a function`;
  }
  return undefined;
}

/** An error of somebody's module as one line. Where a syntax error is, Node tells nobody but the terminal. */
function describe(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof SyntaxError ? ` (\`node ${path}\` shows where)` : '';
  return `${error.name}: ${oneLine(error)}${hint}`;
}
