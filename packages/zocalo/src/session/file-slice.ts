import { mustBe, whole } from '../option-checks.ts';

/** The most that an encoder may be given at once, in bytes: each client that is being sent a file holds as much. */
const MAX_CHUNK = 16_777_216;

/** What becomes of the bytes of a file on their way to the client, a chunk at a time. It keeps nothing between chunks. */
export interface SliceEncoder {
  /** How many bytes of the file make a chunk, 16 MiB at most; the last one of a slice may be shorter. */
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
    closeFile(this.file);
  }
}

/** Closes a file, or what was given as one; a failure to close it is ignored. */
function closeFile(file: Partial<SliceFile> | undefined | null): void {
  try {
    Promise.resolve(file?.close?.()).catch(() => {});
  } catch {}
}

/**
 * A reply of `length` bytes of an open file from `offset` on, as they are or encoded. The reply owns the file: it closes it, also when this
 * throws. A file that ends before the slice does costs its client the connection.
 * @throws OptionError when offset or length is not a whole number of 0 or more, when `file` is no open file, or `encoder` no encoder
 */
export function fileSlice(
  file: SliceFile,
  offset: number,
  length: number,
  encoder?: SliceEncoder,
): FileSlice {
  try {
    if (!isOpenFile(file)) {
      throw mustBe(
        'fileSlice: file',
        'an open file, such as what open() of node:fs/promises resolves to',
        file,
      );
    }
    whole('fileSlice: offset', offset, 0, undefined, ' of bytes');
    whole('fileSlice: length', length, 0, undefined, ' of bytes');
    if (encoder !== undefined) checkEncoder(encoder);
    return new FileSlice(file, offset, length, encoder);
  } catch (error) {
    closeFile(file);
    throw error;
  }
}

function isOpenFile(file: unknown): boolean {
  const { fd, read, close } = (file ?? {}) as Partial<SliceFile>;
  return (
    Number.isInteger(fd) && (fd as number) >= 0 && typeof read === 'function' && typeof close === 'function'
  );
}

function checkEncoder(encoder: SliceEncoder): void {
  const { chunk, most, encode } = (encoder ?? {}) as Partial<SliceEncoder>;
  if (typeof most !== 'function' || typeof encode !== 'function') {
    throw mustBe('fileSlice: encoder', 'a SliceEncoder, { chunk, most, encode }', encoder);
  }
  whole('fileSlice: encoder.chunk', chunk, 1, MAX_CHUNK, ' of bytes');
}
