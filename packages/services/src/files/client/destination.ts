import { constants } from 'node:fs';
import { access, type FileHandle, lstat, open, readlink, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { FilesError } from './errors.ts';

/** Where the bytes of a download go, in order. */
export interface Destination {
  /** How many bytes are there: more than none when it is continued. */
  readonly length: number;
  append(bytes: Buffer): Promise<void>;
  /** All bytes are there, and are what they should be. */
  finish(): Promise<void>;
  /**
   * Not all bytes have come, or not the right ones.
   * @param worthless whether what has come can never become the file
   * @returns where what has come is kept, so that it can be continued; undefined when nothing is
   */
  abandon(worthless: boolean): Promise<string | undefined>;
}

/** Passes the bytes to a function. */
export class CallbackDestination implements Destination {
  length = 0;
  readonly #take: (bytes: Buffer) => Promise<void>;

  constructor(take: (bytes: Buffer) => Promise<void>) {
    this.#take = take;
  }

  async append(bytes: Buffer): Promise<void> {
    await this.#take(bytes);
    this.length += bytes.length;
  }

  async finish(): Promise<void> {}

  async abandon(): Promise<undefined> {}
}

/** A device or a pipe, which is written into. */
export class DeviceDestination implements Destination {
  length = 0;
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<DeviceDestination> {
    return new DeviceDestination(
      path,
      await withFileErrors(path, () => open(path, constants.O_WRONLY | (constants.O_NOCTTY ?? 0))),
    );
  }

  async append(bytes: Buffer): Promise<void> {
    await withFileErrors(this.#path, () => writeAll(this.#file, bytes, null));
    this.length += bytes.length;
  }

  async finish(): Promise<void> {
    await this.#file.close();
  }

  async abandon(): Promise<undefined> {
    await this.#file.close().catch(() => {});
  }
}

/** What a path is for a download: the file itself behind links, and whether something is there that is not to be replaced. */
export type Place = { readonly path: string; readonly kind: 'file' | 'none' | 'folder' | 'other' };

/** Follows links, also one that leads nowhere yet: the file is made where it leads. @throws FilesError for a loop of links */
export async function resolvePath(path: string): Promise<Place> {
  let at = path;
  for (let links = 0; links <= 40; links++) {
    const found = await withFileErrors(at, () => lstat(at).catch(undefinedIfAbsent));
    if (found === undefined) return { path: at, kind: 'none' };
    if (!found.isSymbolicLink()) {
      if (found.isFile()) return { path: at, kind: 'file' };
      return { path: at, kind: found.isDirectory() ? 'folder' : 'other' };
    }
    // Links of proc(5), such as /dev/stdout, lead to what has no path: a pipe, a socket.
    const behind = await stat(at).catch(() => undefined);
    if (behind !== undefined && !behind.isFile() && !behind.isDirectory()) return { path: at, kind: 'other' };
    at = resolve(dirname(at), await readlink(at));
  }
  throw new FilesError(`${path} cannot be written: its links lead in a circle`);
}

/** @throws FilesError when a file is there that may not be written, as if it were written into */
export async function expectWritable(path: string): Promise<void> {
  await withFileErrors(path, () => access(path, constants.W_OK));
}

/** Writes all of some bytes. @param position where; null: where the last ones ended */
export async function writeAll(file: FileHandle, bytes: Buffer, position: number | null): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = position === null ? null : position + done;
    done += (await file.write(bytes, done, bytes.length - done, at)).bytesWritten;
  }
}

/** What the errors of a file system mean, and what to do. */
const meanings: Readonly<Record<string, (path: string) => string>> = {
  ENOSPC: (path) => `no space is left for ${path}`,
  EDQUOT: (path) => `the quota of disk space leaves no room for ${path}`,
  EFBIG: (path) => `${path} may not become that large on this system`,
  EROFS: (path) => `${path} is on a read-only file system; -o names another place`,
  EACCES: (path) => `${path} may not be written; -o names another place`,
  EPERM: (path) => `${path} may not be written; -o names another place`,
  EISDIR: (path) => `${path} is a folder; -o names a file`,
  ENOTDIR: (path) => `${dirname(path)} is not a folder`,
  ENOENT: (path) => `there is no folder ${dirname(path)}`,
  ENXIO: (path) => `${path} is a socket, or a device that is not there`,
  EPIPE: (path) => `no process reads ${path} any more`,
  ENAMETOOLONG: (path) => `the name ${basename(path)} is too long for this file system; -o names another`,
};

/** Does something with a file. @throws FilesError that says what is wrong with it, in place of what the system says */
export async function withFileErrors<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const meaning = code === undefined ? undefined : meanings[code];
    if (meaning === undefined) throw error;
    throw new FilesError(`${meaning(path)} (${code})`, { cause: error });
  }
}

/** For calls that may find nothing. */
export function undefinedIfAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
