import { ReplyError } from '../errors.ts';

/** Buffers of one size that are reused: touching new memory costs more than reading a chunk of a file into it. */
export class BufferPool {
  readonly #size: number;
  readonly #maxKept: number;
  readonly #free: Buffer[] = [];

  /** @param maxKept how many unused buffers are kept */
  constructor(size: number, maxKept: number) {
    this.#size = size;
    this.#maxKept = maxKept;
  }

  acquire(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /** Returns a buffer that is no longer read or written. */
  release(buffer: Buffer): void {
    if (this.#free.length < this.#maxKept) this.#free.push(buffer);
  }
}

/** Chunks below this size are gathered, so that many small answers leave in one system call. */
const SMALL = 2048;
const BLOCK = 8192;
/**
 * Blocks that were sent are reused, by this client or another. A new one for each turn of each client would be hundreds of megabytes a
 * second, and V8 collects its whole heap again and again when so much memory beside it is taken.
 */
const blocks = new BufferPool(BLOCK, 128);

/** The bytes that a client has still to be sent: a queue of chunks, small ones gathered into blocks. */
export class Output {
  /** The first chunk stands apart: with one answer at a time there is no other, and no array. */
  #first: Uint8Array | undefined;
  #offset = 0;
  /** Whether {@link peek} has handed the first chunk out: a loop may be sending from it. */
  #out = false;
  #rest: Uint8Array[] | undefined;
  /** The block at the end of the queue that still has room, and how much of it is filled. */
  #block: Buffer | undefined;
  #filled = 0;
  /** The block whose bytes are the first chunk, if it was the last of the queue, as it mostly is. */
  #sending: Buffer | undefined;
  /** How many bytes wait. */
  length = 0;

  /** Adds bytes at the end; they are sent from where they stand and must not change. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.length += bytes.length;
    if (this.length === bytes.length) this.#first = bytes;
    else if (bytes.length < SMALL) this.#gather(bytes);
    else {
      this.#closeBlock();
      this.#rest ??= [];
      this.#rest.push(bytes);
    }
  }

  /**
   * The bytes to send next, or undefined when there are none. Valid until {@link advance}.
   * @throws ReplyError when they have been transferred since they were given
   */
  peek(): Uint8Array | undefined {
    if (this.#first === undefined) {
      if (this.length === 0) return undefined;
      this.#first = this.#rest?.shift();
      if (this.#first === undefined) {
        this.#sending = this.#block;
        this.#first = this.#takeBlock();
      }
    }
    // Bytes that were given away to another thread meanwhile, or cut, are not there any more.
    if (this.#offset >= this.#first.length)
      throw new ReplyError('bytes that wait to be sent were detached or cut');
    this.#out = true;
    return this.#offset === 0 ? this.#first : this.#first.subarray(this.#offset);
  }

  /** Takes away the first `sent` bytes of what {@link peek} returned. */
  advance(sent: number): void {
    const first = this.#first as Uint8Array;
    this.length -= sent;
    this.#out = false;
    this.#offset += sent;
    if (this.#offset < first.length) return;
    this.#offset = 0;
    this.#first = undefined;
    if (this.#sending !== undefined) {
      blocks.release(this.#sending);
      this.#sending = undefined;
    }
    if (this.length === 0) this.#rest = this.#block = undefined;
  }

  /** Drops everything. A block that may still be sent from is not used again. */
  clear(): void {
    this.#first = this.#rest = this.#block = this.#sending = undefined;
    this.#offset = this.#filled = this.length = 0;
    this.#out = false;
  }

  #gather(bytes: Uint8Array): void {
    if (this.#block === undefined || this.#filled + bytes.length > BLOCK) {
      this.#closeBlock();
      this.#block = blocks.acquire();
      const first = this.#first;
      const movable = !this.#out && this.#offset === 0 && this.#rest === undefined;
      if (first !== undefined && first.length < SMALL && movable) {
        this.#block.set(first);
        this.#filled = first.length;
        this.#first = undefined;
      }
    }
    this.#block.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  #closeBlock(): void {
    if (this.#block === undefined) return;
    this.#rest ??= [];
    this.#rest.push(this.#takeBlock());
  }

  #takeBlock(): Buffer {
    const bytes = (this.#block as Buffer).subarray(0, this.#filled);
    this.#block = undefined;
    this.#filled = 0;
    return bytes;
  }
}
