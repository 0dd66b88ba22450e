import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';

const LF = 0x0a;
const CHUNK = 65_536;
/** The longest line: a payload in which every byte is written as `\u0000`, and the numbers before it. */
const MAX_LINE_BYTES = 6 * 65_536 + 64;

/** A message that has been delivered; `number` counts the deliveries of this node from 1. */
export type Delivery = { number: number; source: number; message: number; payload: Uint8Array };

/**
 * The messages that were delivered to a node, one a line: number of the delivery, source, number of the message in the source's
 * file, text. What is delivered is decided in the journal; this file follows it, and after a crash is brought up to it, so that no
 * line is missing and none is there twice.
 */
export class DeliveryLog {
  readonly #path: string;
  #fd: number;
  #checkedAt = performance.now();
  /** The number of the last delivery in it. */
  #last: number;

  /** Opens or makes it; half a line at its end, which a crash has left, is cut off. @throws Error of node:fs */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'a+', 0o600);
    const size = fstatSync(this.#fd).size;
    const tail = Buffer.alloc(Math.min(size, MAX_LINE_BYTES + CHUNK));
    readSync(this.#fd, tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(LF) + 1;
    if (end < tail.length) ftruncateSync(this.#fd, size - tail.length + end);
    const lastLine = tail.toString('latin1', end < 2 ? 0 : tail.lastIndexOf(LF, end - 2) + 1, end);
    this.#last = Number.parseInt(lastLine, 10) || 0;
  }

  /** The number of the last delivery in it; 0 when it has none. */
  get last(): number {
    return this.#last;
  }

  /** Appends those that are not in it yet. @throws Error of node:fs */
  append(deliveries: readonly Delivery[]): void {
    const missing = deliveries.filter(({ number }) => number > this.#last);
    const last = missing.at(-1);
    if (last === undefined) return;
    this.#reopenIfMoved();
    writeAll(this.#fd, Buffer.from(missing.map(lineOf).join('')));
    this.#last = last.number;
  }

  /** A log that was moved away, as programs that rotate logs do, is begun anew where it was. */
  #reopenIfMoved(): void {
    const now = performance.now();
    if (now - this.#checkedAt < FILE_CHECK_INTERVAL_MS) return;
    this.#checkedAt = now;
    if (isFile(this.#path, this.#fd)) return;
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, 'a+', 0o600);
  }

  /** Makes what it has durable. */
  sync(): void {
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** How often it is checked whether a file that is written to is still where it was. */
export const FILE_CHECK_INTERVAL_MS = 1_000;

/** Whether an open file is the one with this name. */
export function isFile(path: string, fd: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const open = fstatSync(fd);
  return named?.ino === open.ino && named.dev === open.dev;
}

/** Writes all of it: write(2) may take a part, as when a disk is nearly full. @throws Error of node:fs */
export function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function lineOf({ number, source, message, payload }: Delivery): string {
  return `${number} ${source} ${message} ${printable(payload)}\n`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as it is, but for what would break or disguise the line, which is escaped as in a JSON string; other bytes as `\x00`. */
function printable(payload: Uint8Array): string {
  try {
    return utf8.decode(payload).replace(/[\\\p{Cc}\p{Zl}\p{Zp}]/gu, escaped);
  } catch {
    return Buffer.from(payload)
      .toString('latin1')
      .replace(/[^\x20-\x5b\x5d-\x7e]/g, (byte) => `\\x${hex(byte, 2)}`);
  }
}

function escaped(character: string): string {
  if (character === '\\') return '\\\\';
  return character === '\n' ? '\\n' : `\\u${hex(character, 4)}`;
}

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0');
}
