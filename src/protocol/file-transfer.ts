import { ChunkBuffers } from './chunk-buffers.ts';
import type { FileSlice } from './file-slice.ts';
import type { FilePart, ReadNow } from './session-port.ts';

/** How much of a file that goes out as it is is read at once, where a loop needs its bytes. */
const CHUNK = 98_304;
/** Slices up to this size are read whole, when they are in memory, and leave together with what stands before and behind them. */
const SMALL = 16_384;

/** One buffer for each chunk that waits to be sent; a larger one is made for an encoder that needs more. */
const BUFFER = 147_456;
const buffers = new ChunkBuffers(BUFFER, 8);
/** Where chunks are read that are encoded at once. */
const scratch = Buffer.allocUnsafeSlow(CHUNK);

/** Who is told when a file that was waited for can go on. */
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
    const encoded = Buffer.allocUnsafe(encoder.most(length));
    return encoded.subarray(0, encoder.encode(read, encoded));
  }

  /** What can go out as it is, from the file itself. */
  part(): FilePart | undefined {
    const { file, encoder } = this.#slice;
    if (encoder !== undefined || this.#bytes !== undefined || this.#left === 0) return undefined;
    if (this.loadingSince !== undefined || this.#failure !== undefined) return undefined;
    return { fd: file.fd, offset: this.#offset, length: this.#left };
  }

  /**
   * The bytes to send next; undefined when there are none yet: the owner will be told.
   * @throws when the file cannot be read, or ends too early
   */
  bytes(readNow: ReadNow | undefined, now: number): Buffer | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#bytes === undefined && this.loadingSince === undefined && this.#left > 0) {
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
      this.#giveBack();
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
    if (count === 0) throw this.#endsTooEarly(0);
    if (count < 0 || (encoder !== undefined && count < length)) {
      if (into !== scratch) this.#giveBack();
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
      .then(
        (count) => this.#loaded(into, count),
        (error: unknown) => {
          this.#failure = { error };
        },
      )
      .finally(() => {
        if (this.#closed) this.#giveBack();
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
      if (bytesRead === 0) throw this.#endsTooEarly(done);
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
      const into = this.#take(encoder.most(length));
      this.#bytes = into.subarray(0, encoder.encode(read.subarray(0, length), into));
      if (given !== undefined && given.length === BUFFER) buffers.giveBack(given);
    }
  }

  #take(length: number): Buffer {
    this.#buffer = length <= BUFFER ? buffers.take() : Buffer.allocUnsafeSlow(length);
    return this.#buffer;
  }

  #giveBack(): void {
    if (this.#buffer?.length === BUFFER) buffers.giveBack(this.#buffer);
    this.#buffer = undefined;
  }

  #endsTooEarly(read: number): Error {
    const missing = this.#left - read;
    return new Error(`the file ends ${missing} bytes before the slice of ${this.#slice.length} does`);
  }
}
