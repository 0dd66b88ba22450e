import { stat } from 'node:fs/promises';
import { type HostsFile, readHostsFile } from './hosts-file.ts';
import type { HostsTable } from './hosts-table.ts';

/** How often the file is looked at, in milliseconds. */
const LOOK_INTERVAL = 500;

/** What has become of a hosts file: it was read again, or it cannot be read and the old table stays. */
export type HostsEvent =
  | { readonly type: 'loaded'; readonly path: string; readonly file: HostsFile }
  | { readonly type: 'kept'; readonly path: string; readonly error: Error };

/** How a hosts file is watched. */
export type WatchOptions = {
  /** How often the file is looked at, in milliseconds. Default 500. */
  readonly interval?: number;
  /** Called for every change, after the first loading too. */
  readonly report?: (event: HostsEvent) => void;
};

/**
 * The table of a hosts file, as the file is now.
 *
 * The file is looked at again and again (stat(2)), since that notices everything: writing, replacing by rename, a link that leads elsewhere, and
 * file systems that do not tell of changes. A change is read when the file has been the same twice, so that half-written files are not; the new table
 * takes the place of the old one at once, when it is complete.
 */
export class WatchedHosts {
  readonly #path: string;
  readonly #interval: number;
  readonly #report: (event: HostsEvent) => void;
  #file: HostsFile;
  /** Which state of the file was read, or could not be. */
  #read: string;
  /** A state that is not yet known to stay. */
  #changed: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(path: string, file: HostsFile, state: string, options: WatchOptions) {
    this.#path = path;
    this.#file = file;
    this.#read = state;
    this.#interval = options.interval ?? LOOK_INTERVAL;
    this.#report = options.report ?? (() => {});
    this.#report({ type: 'loaded', path, file });
    this.#wait();
  }

  /**
   * Reads the file, and watches it from then on.
   *
   * @throws what {@link readHostsFile} throws
   */
  static async open(path: string, options: WatchOptions = {}): Promise<WatchedHosts> {
    const state = await stateOf(path);
    return new WatchedHosts(path, await readHostsFile(path), state, options);
  }

  get table(): HostsTable {
    return this.#file.table;
  }

  /** No longer watches the file; the table stays. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#look().then(() => this.#wait()), this.#interval).unref();
  }

  async #look(): Promise<void> {
    const state = await stateOf(this.#path);
    if (state === this.#read || state !== this.#changed) {
      this.#changed = state === this.#read ? undefined : state;
      return;
    }
    const event = await this.#load();
    const after = await stateOf(this.#path);
    if (after !== state) {
      this.#changed = after;
      return;
    }
    this.#changed = undefined;
    this.#read = state;
    if (event.type === 'loaded') this.#file = event.file;
    if (!this.#stopped) this.#report(event);
  }

  async #load(): Promise<HostsEvent> {
    try {
      return { type: 'loaded', path: this.#path, file: await readHostsFile(this.#path) };
    } catch (error) {
      return { type: 'kept', path: this.#path, error: error as Error };
    }
  }
}

/** Equal as long as the file is the same and has not been written; of a file that is not there, why. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
