import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { FilesError } from './errors.ts';

/** What of the end of a file that is continued is compared with the server's. */
const OVERLAP = 65_536;

/**
 * A file on its way: it has a temporary name until it is whole, and is always the beginning of what it will be, so that it can be continued
 * whenever it is interrupted.
 */
export class PartialFile {
  readonly path: string;
  readonly #temporary: string;
  readonly #file: FileHandle;
  /** How many bytes it has. */
  length: number;

  private constructor(path: string, temporary: string, file: FileHandle, length: number) {
    this.path = path;
    this.#temporary = temporary;
    this.#file = file;
    this.length = length;
  }

  /**
   * Begins a file, or continues one that was interrupted, or that stands there under its own name and is not whole.
   * @param whole how many bytes it will have
   */
  static async open(path: string, resume: boolean, whole: number): Promise<PartialFile> {
    const temporary = `${path}.part`;
    if (resume && (await lengthOf(temporary)) === undefined) {
      const there = await lengthOf(path);
      if (there !== undefined && there > whole)
        throw new FilesError(
          `${path} cannot be continued: it has ${there} bytes, more than the ${whole} to come`,
        );
      if (there !== undefined) await rename(path, temporary);
    }
    const file = await open(temporary, resume ? 'a+' : 'w+', 0o666);
    const { size: length } = await file.stat();
    return new PartialFile(path, temporary, file, length);
  }

  /** The last bytes of what is there, to be compared: where they begin, and themselves. */
  async end(): Promise<{ offset: number; bytes: Buffer }> {
    const offset = Math.max(this.length - OVERLAP, 0);
    const bytes = Buffer.alloc(this.length - offset);
    await this.#file.read(bytes, 0, bytes.length, offset);
    return { offset, bytes };
  }

  async append(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; )
      written += (await this.#file.write(bytes, written, bytes.length - written, null)).bytesWritten;
    this.length += bytes.length;
  }

  /** It is whole: it gets its own name. */
  async finish(): Promise<void> {
    await this.#file.close();
    await rename(this.#temporary, this.path);
  }

  /** Leaves what is there to be continued; without any bytes nothing is left. */
  async leave(): Promise<void> {
    await this.#file.close();
    if (this.length === 0) await rm(this.#temporary, { force: true });
  }
}

async function lengthOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
    throw new FilesError(`${path} is there and is not a file`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
