import { stat } from 'node:fs/promises';

/** How often the file is checked. */
const RECHECK_INTERVAL_MS = 500;

/** A file was read, or it cannot be read and the content before stays. */
export type FileEvent<Content> =
  | { readonly type: 'loaded'; readonly path: string; readonly content: Content }
  | { readonly type: 'kept'; readonly path: string; readonly error: Error };

/** How a file is watched. */
export type WatchOptions<Content> = {
  /** What holds when the file cannot be read at the beginning. Default: then it is an error. */
  readonly fallback?: Content;
  /** How often the file is checked, in milliseconds. Default 500. */
  readonly intervalMs?: number;
  /** Called for every change, after the first reading too. */
  readonly report?: (event: FileEvent<Content>) => void;
};

/**
 * What is in a file, as it is now.
 *
 * The file is polled (stat(2)), since that notices everything: writing, replacing by rename, a link that leads elsewhere, and changes on
 * file systems without notification. A change is read when the file has been the same twice, so that half-written files are not; the new
 * content takes the place of the old one at once, when it is complete.
 */
export class WatchedFile<Content> {
  readonly #path: string;
  readonly #read: (path: string) => Promise<Content>;
  readonly #intervalMs: number;
  readonly #report: (event: FileEvent<Content>) => void;
  #content: Content;
  /** Which state of the file was read, or could not be. */
  #loadedState: string;
  /** A state that is not yet known to stay. */
  #changedState: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(
    path: string,
    read: (path: string) => Promise<Content>,
    content: Content,
    state: string,
    { intervalMs, report }: WatchOptions<Content>,
  ) {
    this.#path = path;
    this.#read = read;
    this.#content = content;
    this.#loadedState = state;
    this.#intervalMs = intervalMs ?? RECHECK_INTERVAL_MS;
    this.#report = report ?? (() => {});
    this.#schedule();
  }

  /**
   * Reads the file, and watches it from then on.
   *
   * @param read makes the content of a path; what it throws is why the file cannot be read
   * @throws that, when there is no fallback
   */
  static async open<Content>(
    path: string,
    read: (path: string) => Promise<Content>,
    options: WatchOptions<Content> = {},
  ): Promise<WatchedFile<Content>> {
    const state = await stateOf(path);
    const event = await load(path, read);
    if (event.type === 'kept' && options.fallback === undefined) throw event.error;
    const content = event.type === 'loaded' ? event.content : (options.fallback as Content);
    options.report?.(event);
    return new WatchedFile(path, read, content, state, options);
  }

  get content(): Content {
    return this.#content;
  }

  /** No longer watches the file; the content stays. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#check().then(() => this.#schedule()), this.#intervalMs).unref();
  }

  async #check(): Promise<void> {
    const state = await stateOf(this.#path);
    if (state === this.#loadedState || state !== this.#changedState) {
      this.#changedState = state === this.#loadedState ? undefined : state;
      return;
    }
    const event = await load(this.#path, this.#read);
    const after = await stateOf(this.#path);
    if (after !== state) {
      this.#changedState = after;
      return;
    }
    this.#changedState = undefined;
    this.#loadedState = state;
    if (event.type === 'loaded') this.#content = event.content;
    if (!this.#stopped) this.#report(event);
  }
}

async function load<Content>(
  path: string,
  read: (path: string) => Promise<Content>,
): Promise<FileEvent<Content>> {
  try {
    return { type: 'loaded', path, content: await read(path) };
  } catch (error) {
    return { type: 'kept', path, error: error as Error };
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
