const INITIAL_SIZE = 512;
const MAX_HINT = 131_072;
/** Shorter text is copied faster by a loop than by a call into the engine. */
const SHORT = 32;
const MINUS = 0x2d;
const ZERO = 0x30;

/**
 * Collects the bytes of a reply in memory that grows, and gives them away whole with {@link take}: afterwards it begins
 * anew in other memory, so what was given never changes.
 */
export class ByteWriter {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** How much the last replies needed. */
  #hint = INITIAL_SIZE;

  /** How many bytes wait to be taken. */
  get length(): number {
    return this.#at;
  }

  /** All bytes since the last time; they belong to the caller. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#hint = Math.min(MAX_HINT, Math.max(INITIAL_SIZE, this.#at));
    this.#bytes = this.#bytes.subarray(0, 0);
    this.#at = 0;
    return taken;
  }

  /** Forgets what was written after `length`. */
  truncate(length: number): void {
    this.#at = length;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  int16(value: number): void {
    this.#room(2);
    this.#bytes[this.#at++] = value >>> 8;
    this.#bytes[this.#at++] = value;
  }

  int32(value: number): void {
    this.#room(4);
    this.#set32(this.#at, value);
    this.#at += 4;
  }

  int64(value: bigint): void {
    this.#room(8);
    this.#at = this.#bytes.writeBigInt64BE(value, this.#at);
  }

  float32(value: number): void {
    this.#room(4);
    this.#at = this.#bytes.writeFloatBE(value, this.#at);
  }

  float64(value: number): void {
    this.#room(8);
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Text as UTF-8. */
  text(value: string): void {
    const { length } = value;
    this.#room(3 * length);
    if (length < SHORT && this.#ascii(value)) return;
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
  }

  /** A whole number of less than 2^53, in decimal. */
  decimal(value: number): void {
    this.#room(17);
    const bytes = this.#bytes;
    if (value < 0) {
      bytes[this.#at++] = MINUS;
      value = -value;
    }
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    let at = this.#at + digits;
    this.#at = at;
    // Numbers of 32 bits divide several times faster than others.
    for (; value > 0x7fff_ffff; value = Math.floor(value / 10)) bytes[--at] = ZERO + (value % 10);
    let small = value | 0;
    do {
      const tenth = (small / 10) | 0;
      bytes[--at] = ZERO + small - 10 * tenth;
      small = tenth;
    } while (small > 0);
  }

  /** Text, its length in 4 bytes before it. */
  sizedText(value: string): void {
    const opened = this.#at;
    this.#room(4 + 3 * value.length);
    this.#at = opened + 4;
    this.text(value);
    this.#set32(opened, this.#at - opened - 4);
  }

  /** A whole number of less than 2^53 in decimal, its length in 4 bytes before it. */
  sizedDecimal(value: number): void {
    const opened = this.#at;
    this.#room(21);
    this.#at = opened + 4;
    this.decimal(value);
    this.#set32(opened, this.#at - opened - 4);
  }

  /** Text, and a zero byte. */
  string(value: string): void {
    this.text(value);
    this.byte(0);
  }

  /** Leaves room for a length of 4 bytes; {@link close} fills it in. */
  open(): number {
    const at = this.#at;
    this.#room(4);
    this.#at += 4;
    return at;
  }

  /** Says how much has come since {@link open}; with `self`, the length counts its own 4 bytes. */
  close(opened: number, self: boolean): void {
    this.#set32(opened, this.#at - opened - (self ? 0 : 4));
  }

  #set32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  #ascii(value: string): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + i] = code;
    }
    this.#at = at + value.length;
    return true;
  }

  #room(needed: number): void {
    if (this.#at + needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#hint, 2 * this.#at, this.#at + needed));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
