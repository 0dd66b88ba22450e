import { ReplyError } from '../errors.ts';
import type { FileSlice, SliceEncoder } from './file-slice.ts';
import { BufferPool } from './output.ts';
import type { FilePart, ReadNow } from './session-port.ts';

/** How much of a file that goes out as it is is read at once, where a loop needs its bytes. */
const CHUNK = 98_304;
/** Slices up to this size are read whole, when they are in memory, and leave together with what stands before and behind them. */
const SMALL = 16_384;

/** One buffer for each chunk that waits to be sent; a larger one is made for an encoder that needs more. */
const BUFFER = 147_456;
const buffers = new BufferPool(BUFFER, 8);
/** Where chunks are read that are encoded at once. */
const scratch = Buffer.allocUnsafeSlow(CHUNK);

/** Notified when a file that was waited for can go on. */
export interface FileTransferOwner {
  fileReady(): void;
}

/** A slice of a file on its way to the client: at most one chunk of it is in memory. */
export class FileTransfer {
  /** Since when it waits for the file to be read; undefined while it does not. */
  loadingSince: number | undefined;
  readonly #slice: FileSlice;
  readonly #owner: FileTransferOwner;
  /** What of the slice is neither in memory nor sent. */
  #offset: number;
  #left: number;
  /** What is in memory and not sent, and the buffer where it stands. */
  #bytes: Buffer | undefined;
  #buffer: Buffer | undefined;
  #failure: { error: unknown } | undefined;
  #closed = false;

  constructor(slice: FileSlice, owner: FileTransferOwner) {
    this.#slice = slice;
    this.#owner = owner;
    this.#offset = slice.offset;
    this.#left = slice.length;
  }

  /** Whether all of it has been sent. */
  get over(): boolean {
    return this.#left === 0 && this.#bytes === undefined && this.#failure === undefined;
  }

  /** All of a small slice, encoded, if it is in memory; the transfer is over then. */
  whole(readNow: ReadNow | undefined): Buffer | undefined {
    const { file, length, encoder } = this.#slice;
    if (readNow === undefined || length > Math.min(SMALL, encoder?.chunk ?? SMALL)) return undefined;
    const read = Buffer.allocUnsafe(length);
    if (readNow(file.fd, read, length, this.#offset) !== length) return undefined;
    this.#left = 0;
    if (encoder === undefined) return read;
    return encodedWith(encoder, read, Buffer.allocUnsafe(mostOf(encoder, length)));
  }

  /** What can go out as it is, from the file itself. */
  part(): FilePart | undefined {
    const { file, encoder } = this.#slice;
    if (encoder !== undefined || this.#bytes !== undefined || this.#left === 0) return undefined;
    if (this.loadingSince !== undefined || this.#failure !== undefined) return undefined;
    return { fd: file.fd, offset: this.#offset, length: this.#left };
  }

  /**
   * The bytes to send next; undefined when there are none yet: the owner is notified.
   * @throws when the file cannot be read, or ends too early
   */
  bytes(readNow: ReadNow | undefined, now: number): Buffer | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    // More than once where an encoder makes no byte of a chunk.
    while (this.#bytes === undefined && this.loadingSince === undefined && this.#left > 0) {
      if (readNow === undefined || !this.#loadNow(readNow)) this.#load(now);
    }
    return this.#bytes;
  }

  /** So many bytes were sent: of {@link bytes}, or else of {@link part}. */
  advance(count: number): void {
    const bytes = this.#bytes;
    if (bytes === undefined) {
      this.#offset += count;
      this.#left -= count;
    } else if (count < bytes.length) this.#bytes = bytes.subarray(count);
    else {
      this.#bytes = undefined;
      this.#releaseBuffer();
    }
  }

  /** Closes the file. What a loop may still be sending from is left to it. */
  close(): void {
    this.#closed = true;
    this.#slice.close();
  }

  get #chunk(): number {
    return Math.min(this.#left, this.#slice.encoder?.chunk ?? CHUNK);
  }

  #loadNow(readNow: ReadNow): boolean {
    const { file, encoder } = this.#slice;
    const length = this.#chunk;
    const into = encoder !== undefined && length <= scratch.length ? scratch : this.#take(length);
    const count = readNow(file.fd, into, length, this.#offset);
    if (count === 0) throw this.#truncatedFile(0);
    if (count < 0 || (encoder !== undefined && count < length)) {
      if (into !== scratch) this.#releaseBuffer();
      return false;
    }
    this.#loaded(into, count);
    return true;
  }

  /** Reads a chunk on a thread of Node's pool, where it may take its time. */
  #load(now: number): void {
    this.loadingSince = now;
    const length = this.#chunk;
    const into = this.#take(length);
    this.#read(into, length)
      .then((count) => this.#loaded(into, count))
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        if (this.#closed) this.#releaseBuffer();
        else this.#owner.fileReady();
        this.loadingSince = undefined;
      });
  }

  /** A chunk goes through an encoder whole; without one, what comes with one read is as good. */
  async #read(into: Buffer, length: number): Promise<number> {
    const { file, encoder } = this.#slice;
    let done = 0;
    do {
      const { bytesRead } = await file.read(into, done, length - done, this.#offset + done);
      checkCount(bytesRead, length - done, 'a file that is read says that the bytes it has given are');
      if (bytesRead === 0) throw this.#truncatedFile(done);
      done += bytesRead;
    } while (encoder !== undefined && done < length);
    return done;
  }

  /** The first `length` bytes of `read` are the next chunk. */
  #loaded(read: Buffer, length: number): void {
    const { encoder } = this.#slice;
    this.#offset += length;
    this.#left -= length;
    if (encoder === undefined) this.#bytes = read.subarray(0, length);
    else {
      const given = this.#buffer;
      const into = this.#take(mostOf(encoder, length));
      this.#bytes = encodedWith(encoder, read.subarray(0, length), into);
      if (this.#bytes.length === 0) this.advance(0);
      if (given !== undefined && given.length === BUFFER) buffers.release(given);
    }
  }

  #take(length: number): Buffer {
    this.#buffer = length <= BUFFER ? buffers.acquire() : Buffer.allocUnsafeSlow(length);
    return this.#buffer;
  }

  #releaseBuffer(): void {
    if (this.#buffer?.length === BUFFER) buffers.release(this.#buffer);
    this.#buffer = undefined;
  }

  #truncatedFile(read: number): Error {
    const missing = this.#left - read;
    return new Error(`the file ends ${missing} bytes before the slice of ${this.#slice.length} does`);
  }
}

/*
 * Lengths from an encoder, or from a file that is no FileHandle, are checked: the memory behind what they have written holds what
 * other clients were sent.
 */

function mostOf(encoder: SliceEncoder, length: number): number {
  const most = encoder.most(length);
  checkCount(most, Number.MAX_SAFE_INTEGER, 'the most that an encoder can write is');
  return most;
}

function encodedWith(encoder: SliceEncoder, read: Buffer, into: Buffer): Buffer {
  const count = encoder.encode(read, into);
  checkCount(count, into.length, 'an encoder says that the bytes it has written are');
  return into.subarray(0, count);
}

function checkCount(count: number, most: number, what: string): void {
  if (Number.isInteger(count) && count >= 0 && count <= most) return;
  throw new ReplyError(`${what} ${String(count)}, which is no number from 0 to ${most}`);
}
