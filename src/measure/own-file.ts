import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This copy of the package may be its sources or what was built of them. */
const extension = extname(import.meta.url);

/** The address of a module of this folder, by its name without an extension. */
export function ownModule(name: string): URL {
  return new URL(`./${name}${extension}`, import.meta.url);
}

/** The command that runs a module of this folder as a process. */
export function ownProgram(name: string): readonly string[] {
  return [process.execPath, fileURLToPath(ownModule(name))];
}
