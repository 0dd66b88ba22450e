import type { FileHandle } from 'node:fs/promises';
import { OptionError } from '../errors.ts';

const CHUNK = 65_536;

/** A part of an open file as a reply: read as the client drains, closed when the reply is over. */
export class FileSlice implements AsyncIterable<Uint8Array> {
  readonly file: FileHandle;
  /** Where the slice begins, in bytes. */
  readonly offset: number;
  /** How many bytes it has. */
  readonly length: number;

  constructor(file: FileHandle, offset: number, length: number) {
    this.file = file;
    this.offset = offset;
    this.length = length;
  }

  /** Reads the slice in chunks of at most 64 KiB. Fails when the file ends before the slice does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (let done = 0; done < this.length; ) {
        const most = Math.min(CHUNK, this.length - done);
        const { bytesRead, buffer } = await this.file.read(
          Buffer.allocUnsafe(most),
          0,
          most,
          this.offset + done,
        );
        if (bytesRead === 0) {
          throw new Error(
            `the file ends ${this.length - done} bytes before the slice of ${this.length} does`,
          );
        }
        done += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await this.file.close();
    }
  }

  /** Closes the file of a slice that is not going to be read. */
  close(): void {
    this.file.close().catch(() => {});
  }
}

/**
 * A reply of `length` bytes of an open file from `offset` on. The reply owns the file: it closes it.
 * @throws OptionError when offset or length is not a whole number of 0 or more
 */
export function fileSlice(file: FileHandle, offset: number, length: number): FileSlice {
  for (const [name, value] of Object.entries({ offset, length })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new OptionError(`fileSlice: ${name} must be a whole number of bytes of 0 or more, not ${value}`);
    }
  }
  return new FileSlice(file, offset, length);
}
