import { readdirSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure, oneLine, type Plugin } from '@zocalo/command';
import { pluginIn } from './descriptor.ts';

/** How long a package may take to load. */
const LOAD_TIMEOUT_MS = 10_000;
/** What stands before the name of a package in an import that is resolved from where the package was found. */
const SCHEME = 'zocalo-package:';

let installed: Promise<Required<Plugin>> | undefined;

/**
 * Loads the installed packages named `zocalo-*` or `@scope/zocalo-*`: those that a module in the current directory could import, and those
 * beside this package. One that cannot be loaded is a line on stderr. Of two services or commands with one name, the first counts.
 */
export function installedPlugins(): Promise<Required<Plugin>> {
  // Once is enough, and one line about each fault.
  installed ??= loadAll();
  return installed;
}

async function loadAll(): Promise<Required<Plugin>> {
  const parents = findPackages([currentDirectory(), import.meta.dirname]);
  const plugins = parents.size === 0 ? [] : await loadPackages(parents);
  return {
    services: plugins.flatMap(({ services = [] }) => services),
    commands: Object.assign({}, ...plugins.map(({ commands = {} }) => commands).reverse()),
  };
}

/** The packages, each with the directory whose `node_modules` it is in; of two with the same name, the nearer one. */
function findPackages(starts: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const parent of starts.flatMap(directoriesAbove)) {
    for (const name of packageNames(join(parent, 'node_modules'))) {
      if (!found.has(name)) found.set(name, parent);
    }
  }
  return found;
}

/** A directory and those above it, as Node looks for packages. */
function directoriesAbove(directory: string): string[] {
  const above = dirname(directory);
  const others = above === directory ? [] : directoriesAbove(above);
  return basename(directory) === 'node_modules' ? others : [directory, ...others];
}

function packageNames(folder: string): string[] {
  const isOurs = (name: string) => name.startsWith('zocalo-');
  return namesIn(folder).flatMap((name) => {
    if (!name.startsWith('@')) return isOurs(name) ? [name] : [];
    return namesIn(join(folder, name)).flatMap((each) => (isOurs(each) ? [`${name}/${each}`] : []));
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    // It has been removed.
    return import.meta.dirname;
  }
}

async function loadPackages(parents: ReadonlyMap<string, string>): Promise<Plugin[]> {
  const { provideOwnPackage } = await import('zocalo/internal');
  provideOwnPackage();
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith(SCHEME)) return next(specifier, context);
      const name = specifier.slice(SCHEME.length);
      const parentURL = pathToFileURL(join(parents.get(name) ?? '.', 'package.json')).href;
      return next(name, { ...context, parentURL });
    },
  });
  const plugins = await Promise.all([...parents.keys()].map(loadPackage));
  hooks.deregister();
  return plugins;
}

async function loadPackage(name: string): Promise<Plugin> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`it is not loaded after ${LOAD_TIMEOUT_MS / 1_000} s`));
    timer = setTimeout(late, LOAD_TIMEOUT_MS);
  });
  try {
    const { default: exported } = await Promise.race([import(`${SCHEME}${name}`), tooLong]);
    return pluginIn(exported);
  } catch (error) {
    const why = oneLine(error instanceof Failure ? error : String(error));
    process.stderr.write(`zocalo: the package ${name} cannot be used: ${why}\n`);
    return {};
  } finally {
    clearTimeout(timer);
  }
}
