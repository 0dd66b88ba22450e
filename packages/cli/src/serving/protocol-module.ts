import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Failure, isOwnFrame, oneLine } from '@zocalo/command';
import type { ProtocolModuleError } from 'zocalo';
import { provideOwnPackage } from 'zocalo/internal';
import { checkService, isService } from '../plugins/descriptor.ts';
import { trackPending } from './pending-work.ts';
import { serviceTarget, type Target } from './plan.ts';

/** How long another Node may take to find a mistake. */
const SYNTAX_CHECK_TIMEOUT_MS = 10_000;

/** Whether an argument of `serve` is a path of a module, and not the name of a service. */
export function isModulePath(text: string): boolean {
  return /[/\\]|^\.|\.[cm]?[jt]s$/.test(text);
}

/**
 * What a module exports to be served: the descriptor of a service, or a protocol. What the module imports from `zocalo` will be this copy of
 * the package, so that it need not be installed where the module is. It is loaded here, before signals are caught, so that one that never
 * finishes loading can be ended; what is wrong with a protocol is found where it is served.
 * @param path relative to `directory`
 * @throws Failure when there is no such file, or its descriptor lacks something
 */
export async function moduleTarget(path: string, directory: string): Promise<Target> {
  const file = resolve(directory, path);
  if (!existsSync(file)) throw new Failure(`there is no module ${path}`);
  provideOwnPackage();
  const module = pathToFileURL(file);
  const loaded: { default?: unknown } | undefined = await trackPending(
    `${path} never finishes loading: it waits for something that never comes (an await at its top)`,
    () => process.stderr.write(`zocalo: still loading ${path}\n`),
    import(module.href).catch(() => undefined),
  );
  const exported = loaded?.default;
  if (isService(exported)) return serviceTarget(inModule(path, () => checkService(exported)));
  const name = typeof exported === 'object' ? (exported as { name?: unknown } | null)?.name : undefined;
  return {
    name: typeof name === 'string' ? name : undefined,
    module,
    moduleName: path,
    service: undefined,
  };
}

function inModule<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw new Failure(`${path}: ${oneLine(error)}`, { cause: error });
  }
}

/** What is wrong with a module, as one line, and where, if that can be known. */
export function describeModuleError({ reason, cause, url }: ProtocolModuleError, path: string): string {
  const where = cause instanceof Error ? (placeIn(cause) ?? placeOfMistake(cause, url)) : undefined;
  const place = where === undefined ? '' : ` (${relativePlace(where)})`;
  return `${path} ${oneLine(new Error(reason))}${place}${hintFor(cause)}`;
}

/** A file without `import` and `export` in the eyes of Node. */
function hintFor(cause: unknown): string {
  const misread = /Cannot use import statement outside a module|Unexpected token 'export'/;
  return cause instanceof SyntaxError && misread.test(cause.message)
    ? ': it is read as CommonJS; set "type": "module" in the package.json of its folder'
    : '';
}

/** Where an error says that it came from: `x.mjs:2:9`. */
function placeIn({ stack = '' }: Error): string | undefined {
  // Mistakes in TypeScript, in CommonJS and in imports stand before the message, with the line and a mark below it.
  const marked = markedPlace(stack);
  if (marked !== undefined) return marked;
  for (const [, frame = ''] of stack.matchAll(
    /^\s+at (?:async )?(?:.*\()?((?:file:\/\/|\/)[^()]+:\d+:\d+)\)?$/gm,
  )) {
    if (!isOwnFrame(frame)) return frame;
  }
  return undefined;
}

/** `file:///x.mjs:2`, the line, and below it a mark at the mistake. */
function markedPlace(text: string): string | undefined {
  const [, file, line, , space] =
    /^((?:file:\/\/|\/|[A-Z]:\\)[^\n]*):(\d+)\n((?:(?! *\^)[^\n]*\n)+?)( *)\^/m.exec(text) ?? [];
  return file === undefined ? undefined : `${file}:${line}:${(space ?? '').length + 1}`;
}

/**
 * The place of a syntax error in a module, or in one that it imports. Node prints it to stderr only: so another process loads the module,
 * which runs none of it, since it cannot be parsed.
 */
function placeOfMistake(cause: Error, url: string): string | undefined {
  if (!(cause instanceof SyntaxError)) return undefined;
  const lend = import.meta.resolve('zocalo/internal');
  const load = `import { provideOwnPackage } from ${JSON.stringify(lend)}; provideOwnPackage(); await import(${JSON.stringify(url)});`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', load], {
    encoding: 'utf8',
    timeout: SYNTAX_CHECK_TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return markedPlace(stderr ?? '');
}

function relativePlace(place: string): string {
  const [, file = place, position = ''] = /^(.*?)(:\d+:\d+)$/.exec(place) ?? [];
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  const here = relative(process.cwd(), path);
  return `${here.startsWith('..') ? path : here}${position}`;
}
