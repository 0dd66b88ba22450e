import { OptionError } from '../errors.ts';

/** What becomes of the bytes of a file on their way to the client, a chunk at a time. It keeps nothing between chunks. */
export interface SliceEncoder {
  /** How many bytes of the file make a chunk; the last one of a slice may be shorter. */
  readonly chunk: number;
  /** The most bytes that so many bytes of the file become. */
  most(length: number): number;
  /** Encodes a chunk. @returns how many bytes it has written into `into` */
  encode(chunk: Buffer, into: Buffer): number;
}

/** An open file, as much of a `FileHandle` of node:fs/promises as a slice needs. */
export interface SliceFile {
  /** Its descriptor. */
  readonly fd: number;
  /** Reads up to `length` bytes at `position` into `buffer` from `offset` on; no bytes: the file ends there. */
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  /** Closes it when what is being read is read. */
  close(): Promise<void>;
}

/** A part of an open file as a reply: read as the client drains, closed when the reply is over. */
export class FileSlice {
  readonly file: SliceFile;
  /** Where the slice begins, in bytes. */
  readonly offset: number;
  /** How many bytes it has. */
  readonly length: number;
  /** Undefined for bytes that go out as they are. */
  readonly encoder: SliceEncoder | undefined;

  constructor(file: SliceFile, offset: number, length: number, encoder: SliceEncoder | undefined) {
    this.file = file;
    this.offset = offset;
    this.length = length;
    this.encoder = encoder;
  }

  /** Closes the file. */
  close(): void {
    this.file.close().catch(() => {});
  }
}

/**
 * A reply of `length` bytes of an open file from `offset` on, as they are or encoded. The reply owns the file: it closes it. A file
 * that ends before the slice does costs its client the connection.
 * @throws OptionError when offset or length is not a whole number of 0 or more
 */
export function fileSlice(
  file: SliceFile,
  offset: number,
  length: number,
  encoder?: SliceEncoder,
): FileSlice {
  for (const [name, value] of Object.entries({ offset, length })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new OptionError(`fileSlice: ${name} must be a whole number of bytes of 0 or more, not ${value}`);
    }
  }
  return new FileSlice(file, offset, length, encoder);
}
