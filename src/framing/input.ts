const EMPTY = Buffer.alloc(0);
const SMALLEST_STORE = 256;
/** Frames of this size and more are views of the memory they came in, which is then never written again; smaller ones are copies. */
const VIEW_FROM = 8192;

/**
 * The bytes of one client that no frame has taken yet: a window over the receive buffer that was lent for this turn,
 * or, between turns, over a store of its own. Without bytes it holds no memory.
 */
export class Input {
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  #lent = false;
  /** Whether a frame is a view of the store, or of what was lent since the last {@link settle}. */
  #storeGiven = false;
  #lentGiven = false;

  /** How many bytes are waiting. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The byte at `index`, which must be below {@link length}. */
  at(index: number): number {
    return this.#bytes[this.#start + index] as number;
  }

  /** Where `byte` first stands at or after `from`; -1 when it does not. */
  indexOf(byte: number, from = 0): number {
    if (from >= this.length) return -1;
    // Only what is waiting: the memory behind it would be searched in vain, each time anew.
    const found = this.#bytes.subarray(this.#start + from, this.#end).indexOf(byte);
    return found < 0 ? -1 : from + found;
  }

  /** An unsigned integer of 1 to 4 bytes at `index`. */
  readUInt(index: number, bytes: 1 | 2 | 3 | 4, endian: 'big' | 'little'): number {
    const at = this.#start + index;
    return endian === 'big' ? this.#bytes.readUIntBE(at, bytes) : this.#bytes.readUIntLE(at, bytes);
  }

  /** The text of the bytes from `from` to before `to`, without taking them; bytes that are not UTF-8 become U+FFFD. */
  text(from: number, to: number): string {
    return this.#bytes.toString('utf8', this.#start + from, this.#start + to);
  }

  /** A view of the bytes from `from` to before `to`, valid only until the framer returns. */
  view(from: number, to: number): Buffer {
    return this.#bytes.subarray(this.#start + from, this.#start + to);
  }

  /** Takes the first `length` bytes; they belong to the caller and will never change. */
  take(length: number): Buffer {
    const start = this.#start;
    this.#start += length;
    if (length >= VIEW_FROM) {
      if (this.#lent) this.#lentGiven = true;
      else this.#storeGiven = true;
      return this.#bytes.subarray(start, start + length);
    }
    const taken = Buffer.allocUnsafe(length);
    this.#bytes.copy(taken, 0, start, start + length);
    return taken;
  }

  /** Drops the first `length` bytes. */
  skip(length: number): void {
    this.#start += length;
  }

  /**
   * Gives the input bytes `from` to `to` of a receive buffer, at most until `most` bytes are waiting. Into an empty
   * input they are lent, all of them, without a copy: {@link settle} must follow before the buffer is used again.
   * @returns how many bytes were taken in
   */
  feed(bytes: Buffer, from: number, to: number, most: number): number {
    if (this.length === 0) {
      this.#bytes = bytes;
      this.#start = from;
      this.#end = to;
      this.#lent = true;
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
  settle(): boolean {
    const given = this.#lentGiven;
    this.#lentGiven = false;
    if (this.#start === this.#end) this.clear();
    else if (this.#lent) {
      const lent = this.#bytes;
      const start = this.#start;
      const end = this.#end;
      this.clear();
      this.#append(lent, start, end);
    }
    return given;
  }

  /** Drops everything, memory included. */
  clear(): void {
    this.#bytes = EMPTY;
    this.#start = this.#end = 0;
    this.#lent = this.#storeGiven = false;
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const added = to - from;
    const length = this.length;
    if (this.#end + added > this.#bytes.length) {
      // Moving only when half is free, and growing twofold, keep the copying linear in the bytes received, however
      // small the pieces they come in.
      const movable = !this.#storeGiven && 2 * (length + added) <= this.#bytes.length;
      const capacity = Math.max(SMALLEST_STORE, length === 0 ? added : 2 * (length + added));
      const store = movable ? this.#bytes : Buffer.allocUnsafeSlow(capacity);
      this.#bytes.copy(store, 0, this.#start, this.#end);
      this.#bytes = store;
      this.#start = 0;
      this.#end = length;
      this.#storeGiven = false;
    }
    bytes.copy(this.#bytes, this.#end, from, to);
    this.#end += added;
  }
}
