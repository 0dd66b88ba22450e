import { createHash, randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type Destination,
  expectWritable,
  undefinedIfAbsent,
  withFileErrors,
  writeAll,
} from './destination.ts';
import { FilesError } from './errors.ts';

/** Names that are longer leave no room for what makes the name of a partial file unique: some file systems take 143 bytes. */
const MAX_STEM_BYTES = 100;
const CHUNK_BYTES = 1_048_576;

/**
 * Whether the first `length` bytes of a file of ours are the beginning of what is to come.
 * @param path what it is called, for messages
 */
export type Comparison = (file: FileHandle, length: number) => Promise<boolean>;

/**
 * A file on its way. It has a name of its own until it is whole, NAME.XXXXXXXX.zocalo-part, is locked as long as it is written, and is always
 * the beginning of what it will be, so that it can be continued whenever it is interrupted.
 */
export class PartialFile implements Destination {
  readonly #path: string;
  readonly #partial: string;
  readonly #file: FileHandle;
  readonly #whole: number;
  length: number;

  private constructor(path: string, partial: string, file: FileHandle, whole: number, length: number) {
    this.#path = path;
    this.#partial = partial;
    this.#file = file;
    this.#whole = whole;
    this.length = length;
  }

  /**
   * Begins a file.
   * @param path where it will be; what is there stays until then, and is no link
   * @param whole how many bytes it will have
   * @throws FilesError when it cannot be made there
   */
  static async begin(path: string, whole: number): Promise<PartialFile> {
    const there = await withFileErrors(path, () => stat(path).catch(undefinedIfAbsent));
    if (there !== undefined) await expectWritable(path);
    // Users that may not read the file may not read a part of it either.
    const mode = there === undefined ? 0o666 : (there.mode & 0o666) | 0o600;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
    for (;;) {
      const partial = join(dirname(path), `${stemOf(path)}.${randomBytes(4).toString('hex')}.zocalo-part`);
      const file = await withFileErrors(path, () => open(partial, flags, mode).catch(undefinedIfExists));
      if (file === undefined) continue;
      if (await tryLock(file)) return new PartialFile(path, partial, file, whole, 0);
      await file.close();
    }
  }

  /**
   * Continues what an earlier download left, or else the file itself, if it is not whole.
   * @returns undefined when there is nothing to continue
   * @throws FilesError when what is there is not the beginning of what is to come
   */
  static async continue(path: string, whole: number, begins: Comparison): Promise<Destination | undefined> {
    const rejected: string[] = [];
    for (const partial of await findPartials(path)) {
      const file = await openAndLock(partial);
      if (file === undefined) continue;
      const { size } = await file.stat();
      if (size <= whole && (await begins(file, size)))
        return new PartialFile(path, partial, file, whole, size);
      await file.close();
      rejected.push(partial);
    }
    const there = await withFileErrors(path, () => stat(path).catch(undefinedIfAbsent));
    if (there !== undefined) {
      const continued = await PartialFile.#continueFile(path, there.size, whole, begins);
      if (continued !== undefined) return continued;
      rejected.push(path);
    }
    if (rejected.length === 0) return undefined;
    throw new FilesError(
      `${rejected.join(' and ')} cannot be continued: what is there is not the beginning of the ${whole} bytes to come; without --resume all of it is fetched`,
    );
  }

  /** The file that stands there under its own name stays as it is until all has come. */
  static async #continueFile(
    path: string,
    length: number,
    whole: number,
    begins: Comparison,
  ): Promise<Destination | undefined> {
    if (length > whole) return undefined;
    const source = await withFileErrors(path, () => open(path));
    try {
      if (!(await begins(source, length))) return undefined;
      if (length === whole) return new CompleteFile(length);
      const partial = await PartialFile.begin(path, whole);
      try {
        for await (const bytes of chunksOf(source, length)) await partial.append(bytes);
      } catch (error) {
        await partial.abandon(true);
        throw error;
      }
      return partial;
    } finally {
      await source.close();
    }
  }

  async append(bytes: Buffer): Promise<void> {
    await withFileErrors(this.#path, () => writeAll(this.#file, bytes, this.length));
    this.length += bytes.length;
  }

  /** It gets its own name, and the mode and the owner of what was there. */
  async finish(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size !== this.#whole)
      throw new FilesError(
        `${this.#partial} has ${size} bytes instead of ${this.#whole}: something else has written into it`,
        { kind: 'changed' },
      );
    await withFileErrors(this.#path, async () => {
      const there = await stat(this.#path).catch(undefinedIfAbsent);
      if (there === undefined || (await this.#copyOwnerAndMode(there))) {
        await this.#file.sync();
        await rename(this.#partial, this.#path);
      } else await this.#copyInto(this.#path);
      await this.#file.close();
    });
  }

  async abandon(worthless: boolean): Promise<string | undefined> {
    const kept = !worthless && this.length > 0;
    if (!kept) await rm(this.#partial, { force: true }).catch(() => {});
    await this.#file.close().catch(() => {});
    return kept ? this.#partial : undefined;
  }

  /** @returns false when the owner of what is there cannot be given to it */
  async #copyOwnerAndMode({ uid, gid, mode }: Stats): Promise<boolean> {
    const own = await this.#file.stat();
    try {
      if (own.uid !== uid || own.gid !== gid) await this.#file.chown(uid, gid);
    } catch {
      return false;
    }
    await this.#file.chmod(mode & 0o7777);
    return true;
  }

  /** What belongs to another, and may be written, is written into: so it stays the other's. */
  async #copyInto(path: string): Promise<void> {
    const target = await open(path, 'r+');
    try {
      let at = 0;
      for await (const bytes of chunksOf(this.#file, this.#whole)) {
        await writeAll(target, bytes, at);
        at += bytes.length;
      }
      await target.truncate(this.#whole);
      await target.sync();
    } finally {
      await target.close();
    }
    await rm(this.#partial);
  }
}

/** A file that is whole already: nothing is done to it. */
class CompleteFile implements Destination {
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }

  async append(): Promise<void> {}

  async finish(): Promise<void> {}

  async abandon(): Promise<undefined> {}
}

/** The first `length` bytes of a file. */
export async function* chunksOf(file: FileHandle, length: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, length));
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK_BYTES, length - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** What the names of the partial files of a file begin with. */
function stemOf(path: string): string {
  const name = basename(path);
  if (Buffer.byteLength(name) <= MAX_STEM_BYTES) return name;
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}

/** The partial files that downloads of a file have left, the longest first. */
async function findPartials(path: string): Promise<string[]> {
  const folder = dirname(path);
  const stem = `${stemOf(path)}.`;
  const found: { partial: string; size: number }[] = [];
  for (const name of await withFileErrors(path, () => readdir(folder))) {
    if (!name.startsWith(stem) || !/^[0-9a-f]{8}\.zocalo-part$/.test(name.slice(stem.length))) continue;
    const partial = join(folder, name);
    const there = await stat(partial).catch(undefinedIfAbsent);
    if (there?.isFile() === true) found.push({ partial, size: there.size });
  }
  return found.sort((one, other) => other.size - one.size).map(({ partial }) => partial);
}

/** The partial files that downloads of a file have left, and nothing goes on with now. */
export async function findAbandoned(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const partial of await findPartials(path)) {
    const file = await openAndLock(partial);
    await file?.close();
    if (file !== undefined) found.push(partial);
  }
  return found;
}

/** Opens and locks a partial file; undefined when another process or user has it, or has just finished it. */
async function openAndLock(partial: string): Promise<FileHandle | undefined> {
  // What may not be written is another's.
  const file = await open(partial, constants.O_RDWR | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return undefined;
  if (await tryLock(file)) {
    const [own, named] = await Promise.all([file.stat(), stat(partial).catch(undefinedIfAbsent)]);
    if (named?.ino === own.ino && named.dev === own.dev) return file;
  }
  await file.close();
  return undefined;
}

/** Locks a file. @returns false when another process has it; true also where there are no locks */
async function tryLock(file: FileHandle): Promise<boolean> {
  const lock = await import('zocalo/sys').catch(() => undefined);
  return lock?.lockFile(file.fd) ?? true;
}

function undefinedIfExists(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
  throw error;
}
