import type { WriteStream } from 'node:tty';
import { Presets, SingleBar } from 'cli-progress';
import type { LoadResult } from '../load/task.ts';
import { bytes, duration, micros, rate } from './text.ts';

/** Shows on standard error how far a run is: with a bar on a terminal, else with a line a measurement. */
export class Progress {
  readonly #stream: WriteStream;
  readonly #estimates: readonly number[];
  readonly #bar: SingleBar | undefined;
  readonly #beganMs = performance.now();
  #done = 0;
  #current = '';

  /** @param estimates how many seconds each measurement takes, about */
  constructor(estimates: readonly number[], stream: WriteStream = process.stderr) {
    this.#stream = stream;
    this.#estimates = estimates;
    if (!stream.isTTY) return;
    const format = '{bar} {value}/{total}, {left} left: {what}';
    this.#bar = new SingleBar(
      { stream, format, barsize: 20, hideCursor: true, clearOnComplete: true, linewrap: false },
      Presets.shades_classic,
    );
  }

  /** @param what the measurement that begins */
  begin(what: string): void {
    this.#current = what;
    if (this.#bar === undefined) return;
    const payload = { what, left: this.#left() };
    if (this.#done === 0) this.#bar.start(this.#estimates.length, 0, payload);
    else this.#bar.update(this.#done, payload);
  }

  end(result: LoadResult): void {
    this.#done++;
    if (this.#bar === undefined) {
      this.#stream.write(`[${this.#done}/${this.#estimates.length}] ${this.#current}: ${brief(result)}\n`);
    } else this.#bar.update(this.#done);
  }

  /** Removes the bar: the run is over, or broken off. */
  stop(): void {
    this.#bar?.stop();
  }

  /** The estimates for what is left, corrected by how well they did so far. */
  #left(): string {
    const sum = (estimates: readonly number[]) => estimates.reduce((total, each) => total + each, 0);
    const estimated = sum(this.#estimates.slice(0, this.#done));
    const correction = estimated === 0 ? 1 : (performance.now() - this.#beganMs) / 1e3 / estimated;
    return duration(correction * sum(this.#estimates.slice(this.#done)));
  }
}

function brief(result: LoadResult): string {
  switch (result.kind) {
    case 'echo':
      return `${rate(result.messagesPerSecond)} msg/s, CPU ${micros(result.cpuMicrosPerMessage.total)} µs/msg`;
    case 'idle':
      return `${bytes(result.bytesPerClient)} B/client`;
    case 'failure':
      return `failed: ${result.reason}`;
  }
}
