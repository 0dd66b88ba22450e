import type { BigIntStats } from 'node:fs';
import { lstat, opendir, readlink, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isName, MAX_NAME_BYTES } from './protocol.ts';
import { RegularFile } from './regular-file.ts';

/** What says that there is no such file, rather than that it cannot be read: see path_resolution(7) and open(2). */
const ABSENT: ReadonlySet<unknown> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'ENODEV',
]);

/** Some files of a folder. */
export type Names = {
  /** Those that can be asked for. */
  readonly names: readonly string[];
  /** Those that cannot: their names are not of the form that requests have. */
  readonly unlistable: readonly string[];
};

/**
 * A folder whose regular files are shared. It is looked up by its path each time, so that it may be deleted and made anew. A link counts
 * as the file it leads to when that is in the folder too, or in a folder inside of it.
 */
export class Folder {
  readonly #path: string;
  readonly #hidden: boolean;

  /** @param hidden whether hidden files are shared as well */
  constructor(path: string, hidden: boolean) {
    this.#path = path;
    this.#hidden = hidden;
  }

  /**
   * Opens a file by its name.
   * @returns undefined when there is no such file, or it is not shared, or something else: a folder, a device, a pipe, a link that leads out
   * @throws when it cannot be read
   */
  async open(name: string): Promise<RegularFile | undefined> {
    if (!this.#shares(name)) return undefined;
    try {
      const path = join(this.#path, name);
      const opened = await RegularFile.open(path);
      if (opened instanceof RegularFile) return opened;
      return opened === 'link' ? await this.#openTarget(path) : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /**
   * The names of the files, in no particular order, some at a time.
   * @throws when the folder cannot be read
   */
  async *names(most: number): AsyncGenerator<Names> {
    let names: string[] = [];
    let unlistable: string[] = [];
    // It is closed at the end of the loop, also when that is left.
    for await (const entry of await opendir(this.#path, { bufferSize: most })) {
      const { name } = entry;
      if (!this.#shares(name)) continue;
      if (!entry.isFile() && !(entry.isSymbolicLink() && (await this.#leadsToFile(join(this.#path, name)))))
        continue;
      (isName(name) && name.length <= MAX_NAME_BYTES ? names : unlistable).push(name);
      if (names.length + unlistable.length === most) {
        yield { names, unlistable };
        names = [];
        unlistable = [];
      }
    }
    yield { names, unlistable };
  }

  /** What a file is, by its name; undefined when it is not there any more. It need not be one that may be read. */
  async stat(name: string): Promise<BigIntStats | undefined> {
    const path = join(this.#path, name);
    let found = await lstat(path, { bigint: true }).catch(() => undefined);
    if (found?.isSymbolicLink() === true) {
      const target = await this.#targetOf(path);
      if (target === undefined) return undefined;
      found = await stat(target, { bigint: true }).catch(() => undefined);
    }
    return found?.isFile() === true ? found : undefined;
  }

  #shares(name: string): boolean {
    return this.#hidden || !isHidden(name);
  }

  async #openTarget(link: string): Promise<RegularFile | undefined> {
    const target = await this.#targetOf(link);
    const opened = target === undefined ? undefined : await RegularFile.open(target);
    if (!(opened instanceof RegularFile)) return undefined;
    // A folder on the way may have become a link since. Only the kernel knows what is open, and only that of Linux tells: proc(5).
    if ((await readlink(`/proc/self/fd/${opened.fd}`).catch(() => '')) === target) return opened;
    await opened.close();
    return undefined;
  }

  /** Where a link leads; undefined when that is out of the folder, or nowhere. */
  async #targetOf(link: string): Promise<string | undefined> {
    try {
      const [target, folder] = await Promise.all([realpath(link), realpath(this.#path)]);
      return target.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? target : undefined;
    } catch {
      return undefined;
    }
  }

  async #leadsToFile(link: string): Promise<boolean> {
    const target = await this.#targetOf(link);
    if (target === undefined) return false;
    return (await stat(target).catch(() => undefined))?.isFile() === true;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ABSENT.has(error.code);
}

/** Whether a file is hidden, as on every Unix. */
function isHidden(name: string): boolean {
  return name.startsWith('.');
}
