import { FramingError } from '../errors.ts';
import { shown } from '../option-checks.ts';

function isWithin(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

const EMPTY = Buffer.alloc(0);
const MIN_STORE = 256;
/** Frames of this size and more are views of the memory they came in, which is then never written again; smaller ones are copies. */
const VIEW_FROM = 8192;
/** So much is copied at once, for several small frames: no more memory stays with a frame that is kept than Node's own pool would keep. */
const SLAB = 8192;

/**
 * The bytes of one client that no frame has taken yet: a window over the receive buffer, borrowed for this turn,
 * or, between turns, over a store of its own. Without bytes it holds no memory.
 *
 * What lies beyond the bytes that wait is memory of other clients: nothing here reaches it.
 */
export class Input {
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  #borrowed = false;
  /** Whether a frame is a view of the store, or of what was borrowed since the last {@link detach}. */
  #storeShared = false;
  #borrowedShared = false;
  /** A copy of the bytes from {@link #slabStart} on; the next small frames are views of it. */
  #slab: Buffer = EMPTY;
  #slabStart = 0;
  /** A framer that is given views may write in them, and so bytes are not copied before they are taken. */
  #viewed = false;

  /** How many bytes are waiting. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The byte at `index`. @throws FramingError unless that is below {@link length} */
  at(index: number): number {
    if (!isWithin(index, this.length - 1)) this.#beyond('at', index);
    return this.#bytes[this.#start + index] as number;
  }

  /** Where `byte` first stands at or after `from`; -1 when it does not. @throws FramingError for `from` below 0 */
  indexOf(byte: number, from = 0): number {
    if (from >= this.length) return -1;
    if (!isWithin(from, this.length)) this.#beyond('indexOf', from);
    const start = this.#start + from;
    // Only what is waiting: the memory behind it would be searched in vain, each time anew.
    if (this.#end < this.#bytes.length) {
      const found = this.#bytes.subarray(start, this.#end).indexOf(byte);
      return found < 0 ? -1 : from + found;
    }
    const found = this.#bytes.indexOf(byte, start);
    return found < 0 ? -1 : found - this.#start;
  }

  /** An unsigned integer of 1 to 4 bytes at `index`. @throws FramingError unless all of its bytes wait */
  readUInt(index: number, bytes: 1 | 2 | 3 | 4, endian: 'big' | 'little'): number {
    if (!isWithin(index, this.length - bytes)) this.#beyond('readUInt', index);
    const at = this.#start + index;
    return endian === 'big' ? this.#bytes.readUIntBE(at, bytes) : this.#bytes.readUIntLE(at, bytes);
  }

  /**
   * The text of the bytes from `from` to before `to`, without taking them; bytes that are not UTF-8 become U+FFFD.
   * @throws FramingError unless all of them wait
   */
  text(from: number, to: number): string {
    if (!isWithin(from, this.length)) this.#beyond('text', from);
    if (!isWithin(to, this.length)) this.#beyond('text', to);
    return this.#bytes.toString('utf8', this.#start + from, this.#start + to);
  }

  /**
   * A view of the bytes from `from` to before `to`, valid only until the framer returns.
   * @throws FramingError unless all of them wait
   */
  view(from: number, to: number): Buffer {
    if (!isWithin(from, this.length)) this.#beyond('view', from);
    if (!isWithin(to, this.length)) this.#beyond('view', to);
    this.#viewed = true;
    this.#slab = EMPTY;
    return this.#bytes.subarray(this.#start + from, this.#start + to);
  }

  /** Takes the first `length` bytes; they belong to the caller and will never change. @throws FramingError unless so many wait */
  take(length: number): Buffer {
    if (!isWithin(length, this.length)) this.#beyond('take', length);
    const start = this.#start;
    this.#start += length;
    if (length >= VIEW_FROM) {
      if (this.#borrowed) this.#borrowedShared = true;
      else this.#storeShared = true;
      return this.#bytes.subarray(start, start + length);
    }
    const inSlab = start - this.#slabStart;
    if (inSlab >= 0 && inSlab + length <= this.#slab.length)
      return this.#slab.subarray(inSlab, inSlab + length);
    const copied = this.#viewed ? length : Math.min(this.#end - start, SLAB);
    const slab = Buffer.allocUnsafe(copied);
    this.#bytes.copy(slab, 0, start, start + copied);
    if (copied === length) return slab;
    this.#slab = slab;
    this.#slabStart = start;
    return slab.subarray(0, length);
  }

  /** Drops the first `length` bytes. @throws FramingError unless so many wait */
  skip(length: number): void {
    if (!isWithin(length, this.length)) this.#beyond('skip', length);
    this.#start += length;
  }

  /** Drops bytes from the end, so that `length` are left. @throws FramingError unless so many wait */
  truncate(length: number): void {
    if (!isWithin(length, this.length)) this.#beyond('truncate', length);
    this.#end = this.#start + length;
  }

  /**
   * Gives the input bytes `from` to `to` of a receive buffer, at most until `most` bytes are waiting. Into an empty
   * input they are borrowed, all of them, without a copy: {@link detach} must follow before the buffer is used again.
   * @returns how many bytes were taken in
   */
  feed(bytes: Buffer, from: number, to: number, most: number): number {
    if (this.length === 0) {
      this.#bytes = from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
      this.#start = 0;
      this.#end = to - from;
      this.#borrowed = true;
      this.#slab = EMPTY;
      return to - from;
    }
    const taken = Math.min(to - from, most - this.length);
    if (taken > 0) this.#append(bytes, from, from + taken);
    return Math.max(taken, 0);
  }

  /**
   * Keeps what is left in a store of its own, so that the receive buffer can be used for the next client.
   * @returns whether a frame is a view of the receive buffer, whose bytes then must not be written again
   */
  detach(): boolean {
    const given = this.#borrowedShared;
    this.#borrowedShared = false;
    if (this.#start === this.#end) this.clear();
    else if (this.#borrowed) {
      const borrowed = this.#bytes;
      const start = this.#start;
      const end = this.#end;
      this.clear();
      this.#append(borrowed, start, end);
    }
    return given;
  }

  /** Drops everything, memory included. */
  clear(): void {
    this.#bytes = this.#slab = EMPTY;
    this.#start = this.#end = 0;
    this.#borrowed = this.#storeShared = false;
  }

  #beyond(method: string, position: unknown): never {
    throw new FramingError(
      `input.${method}: there is no ${shown(position)} among the ${this.length} bytes that wait`,
    );
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const added = to - from;
    const length = this.length;
    if (this.#end + added > this.#bytes.length) {
      // Moving only when half is free, and growing twofold, keep the copying linear in the bytes received, however
      // small the pieces they come in.
      const movable = !this.#storeShared && 2 * (length + added) <= this.#bytes.length;
      const capacity = Math.max(MIN_STORE, length === 0 ? added : 2 * (length + added));
      const store = movable ? this.#bytes : Buffer.allocUnsafeSlow(capacity);
      this.#bytes.copy(store, 0, this.#start, this.#end);
      this.#bytes = store;
      this.#slab = EMPTY;
      this.#start = 0;
      this.#end = length;
      this.#storeShared = false;
    }
    bytes.copy(this.#bytes, this.#end, from, to);
    this.#end += added;
  }
}
