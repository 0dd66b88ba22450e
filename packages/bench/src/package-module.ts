import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This copy of the package may be its sources or what was built of them. */
const extension = extname(import.meta.filename);

/** The condition under which sources find those of other packages; a process that is started does not inherit it. */
const conditions = process.execArgv.filter((flag) => flag.startsWith('--conditions='));

/** The command that runs a program in a Node like this one. */
export function nodeCommand(path: string): readonly string[] {
  return [process.execPath, ...conditions, path];
}

/** The address of a module of this package, by its path below this folder without an extension. */
export function packageModule(path: string): URL {
  return new URL(`./${path}${extension}`, import.meta.url);
}

/** The command that runs a module of this package as a process. */
export function packageProgram(path: string): readonly string[] {
  return nodeCommand(fileURLToPath(packageModule(path)));
}
