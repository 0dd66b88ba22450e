import type { WriteStream } from 'node:tty';
import { visible } from '@zocalo/command';
import stringWidth from 'string-width';

/** The bar is drawn at most this often. */
const REDRAW_INTERVAL_MS = 100;
const BAR_COLUMNS = 20;

const units = [
  { name: 'GiB', size: 1_073_741_824 },
  { name: 'MiB', size: 1_048_576 },
  { name: 'KiB', size: 1_024 },
] as const;

/** `31 B`, `2.9 MiB`. */
export function formatBytes(bytes: number): string {
  const { name, size } = unitOf(bytes);
  return `${inUnit(bytes, size)} ${name}`;
}

/** `1.2 of 2.9 MiB`. */
export function formatProgress(there: number, whole: number): string {
  const { name, size } = unitOf(whole);
  return `${inUnit(there, size)} of ${inUnit(whole, size)} ${name}`;
}

function unitOf(bytes: number): { name: string; size: number } {
  return units.find(({ size }) => bytes >= size) ?? { name: 'B', size: 1 };
}

function inUnit(bytes: number, size: number): string {
  return size === 1 ? String(bytes) : (bytes / size).toFixed(1);
}

/**
 * How far a transfer is, in one line of a terminal; elsewhere nothing. It neither hides the cursor nor changes anything else of the terminal,
 * so nothing has to be put right when the command is killed.
 */
export class TransferBar {
  readonly #name: string;
  readonly #stream: WriteStream;
  /** Whether there is a bar. */
  readonly shows: boolean;
  readonly #began = performance.now();
  #startedWith: number | undefined;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawn = false;
  /** Draws what came too soon after the last drawing, and may be the last to come for long. */
  #later: NodeJS.Timeout | undefined;

  /** @param shows whether there is to be a bar, if the stream is a terminal */
  constructor(name: string, stream: WriteStream, shows: boolean) {
    this.#name = visible(name);
    this.#stream = stream;
    this.shows = shows && stream.isTTY;
  }

  /** So many bytes are there, of so many. */
  update(there: number, whole: number): void {
    if (!this.shows) return;
    this.#startedWith ??= there;
    const seconds = (performance.now() - this.#began) / 1_000;
    const speed = (there - this.#startedWith) / seconds;
    const rate = speed > 0 ? `, ${formatBytes(Math.round(speed))}/s` : '';
    const left = speed > 0 ? `, ${Math.ceil((whole - there) / speed)} s left` : '';
    this.#draw(there, whole, `${formatProgress(there, whole)}${rate}${left}`);
  }

  /** All is there, and the server has digested so many bytes of so many. */
  verify(done: number, whole: number): void {
    this.#draw(done, whole, 'verified');
  }

  /** Prints a line, above the bar if there is one. */
  print(text: string): void {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** Removes the bar. */
  clear(): void {
    clearTimeout(this.#later);
    if (this.#drawn) this.#stream.write('\r\x1b[K');
    this.#drawn = false;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  #draw(done: number, whole: number, text: string): void {
    if (!this.shows) return;
    clearTimeout(this.#later);
    const now = performance.now();
    if (now - this.#drawnAt < REDRAW_INTERVAL_MS && done < whole) {
      this.#later = setTimeout(() => this.#draw(done, whole, text), REDRAW_INTERVAL_MS).unref();
      return;
    }
    this.#drawnAt = now;
    this.#drawn = true;
    const fraction = whole === 0 ? 1 : done / whole;
    const full = Math.floor(fraction * BAR_COLUMNS);
    const facts = `${Math.floor(fraction * 100)}% ${text}`;
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}`;
    const room = (this.#stream.columns || 80) - 1;
    const lines = [`${this.#name} ${bar} ${facts}`, `${bar} ${facts}`, facts, facts.slice(0, room)];
    this.#stream.write(`\r${lines.find((line) => stringWidth(line) <= room)}\x1b[K`);
  }
}
