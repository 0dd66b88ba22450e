import { closeSync, openSync, readSync, renameSync, unlinkSync } from 'node:fs';
import { type FileIdentity, fileAt } from './file-identity.ts';
import type { OverwriteDetector } from './overwrite-detector.ts';

/** The length of the header of a log, in bytes; https://www.sqlite.org/walformat.html */
const HEADER = 32;

/**
 * The log of a database and its index. SQLite finds them by the name of the file alone: when another file has that name, it takes them for those
 * of the other one, and destroys it. So they are given other names then; processes that have them open go on using them.
 */
export class WalFiles {
  readonly #path: string;
  readonly #files: readonly (readonly [name: string, identity: string | undefined])[];
  readonly #overwriteDetector: OverwriteDetector;

  /** @param path of the file of the database */
  constructor(path: string, { log, index }: FileIdentity, overwriteDetector: OverwriteDetector) {
    this.#path = path;
    this.#overwriteDetector = overwriteDetector;
    this.#files = [
      [`${path}-wal`, log],
      [`${path}-shm`, index],
    ];
  }

  /** The name that the log has when it is set aside. */
  get asideName(): string {
    return aside(`${this.#path}-wal`);
  }

  get isAside(): boolean {
    const [log] = this.#files;
    return log?.[1] !== undefined && fileAt(this.asideName) === log[1];
  }

  /** Whether the log is what SQLite has written: another program may have written into it as well. */
  get isIntact(): boolean {
    const start = Buffer.alloc(HEADER);
    const [[path, identity]] = this.#files as [readonly [string, string | undefined]];
    const at = [path, aside(path)].find((each) => fileAt(each) === identity);
    if (at === undefined) return true;
    // SQLite has no locks on the log itself, which closing it would give up.
    const log = openSync(at, 'r');
    const length = readSync(log, start, 0, HEADER, 0);
    closeSync(log);
    return length < HEADER || this.#overwriteDetector.isLog(start);
  }

  /** @throws Error when they cannot be renamed */
  setAside(): void {
    this.#eachAt(
      (path) => path,
      (path) => renameSync(path, aside(path)),
    );
  }

  /** Gives them their names again, unless others have these by now. */
  bringBack(): void {
    this.#eachAt(aside, (path) => {
      if (fileAt(path) === undefined) renameSync(aside(path), path);
    });
  }

  /** Removes what was set aside: the log has been brought into its file. */
  removeAside(): void {
    this.#eachAt(aside, (path) => unlinkSync(aside(path)));
  }

  /** Does something with those of them that are where they are looked for. */
  #eachAt(where: (path: string) => string, work: (path: string) => void): void {
    for (const [path, identity] of this.#files)
      if (identity !== undefined && fileAt(where(path)) === identity) work(path);
  }
}

function aside(path: string): string {
  return `${path}-stale`;
}
