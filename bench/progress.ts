import type { WriteStream } from 'node:tty';
import { bytes, micros, rate } from './format.ts';
import type { LoadResult } from './load/task.ts';
import type { Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** Tells on standard error how far the run is: in one line that changes on a terminal, else a line a measurement. */
export class Progress {
  readonly #stream: WriteStream;
  readonly #total: number;
  #done = 0;
  #current = '';

  constructor(total: number, stream: WriteStream = process.stderr) {
    this.#stream = stream;
    this.#total = total;
  }

  begin(round: number, workload: Workload, server: Server): void {
    this.#current = `[${this.#done + 1}/${this.#total}] round ${round}: ${workload.label}: ${server.label}`;
    if (this.#stream.isTTY)
      this.#stream.write(`\r\x1b[2K${this.#current.slice(0, this.#stream.columns - 1)}`);
  }

  end(result: LoadResult): void {
    this.#done++;
    if (!this.#stream.isTTY) this.#stream.write(`${this.#current}: ${brief(result)}\n`);
    else if (result.kind === 'failure') this.#stream.write(`\r\x1b[2K${this.#current}: ${brief(result)}\n`);
    else if (this.#done === this.#total) this.#stream.write('\r\x1b[2K');
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
