import type { WriteStream } from 'node:tty';
import { Presets, SingleBar } from 'cli-progress';

const MIB = 1_048_576;

/** How far a transfer is, on a terminal; elsewhere nothing. */
export class TransferBar {
  readonly #name: string;
  readonly #stream: WriteStream;
  #bar: SingleBar | undefined;
  #startedWith = 0;
  #began = 0;

  constructor(name: string, stream: WriteStream) {
    this.#name = name;
    this.#stream = stream;
  }

  /** So many bytes are there, of so many. */
  update(there: number, whole: number): void {
    if (!this.#stream.isTTY) return;
    if (this.#bar === undefined) {
      this.#startedWith = there;
      this.#began = performance.now();
      this.#bar = new SingleBar(
        {
          stream: this.#stream,
          format: '{name} {bar} {percentage}% {amount}',
          barsize: 20,
          hideCursor: true,
          clearOnComplete: true,
          linewrap: false,
        },
        Presets.shades_classic,
      );
      this.#bar.start(whole, there, { name: this.#name, amount: '' });
    }
    this.#bar.update(there, { amount: this.#amount(there, whole) });
  }

  /** Removes the bar. */
  stop(): void {
    this.#bar?.stop();
  }

  #amount(there: number, whole: number): string {
    const seconds = (performance.now() - this.#began) / 1_000;
    const speed = (there - this.#startedWith) / seconds;
    const left = speed > 0 ? `, ${Math.ceil((whole - there) / speed)} s left` : '';
    const rate = seconds > 0 ? `, ${(speed / MIB).toFixed(1)} MiB/s` : '';
    return `${(there / MIB).toFixed(1)} of ${(whole / MIB).toFixed(1)} MiB${rate}${left}`;
  }
}
