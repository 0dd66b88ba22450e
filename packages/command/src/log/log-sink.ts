import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { Failure } from '../failure.ts';

/** How much is held back while nothing is taken; lines beyond it are lost, and not the server's memory. In bytes. */
const MAX_BUFFERED_BYTES = 1_048_576;
/** How often what is held back is tried again. */
const RETRY_INTERVAL_MS = 100;
/** How long the last lines may take. */
const END_TIMEOUT_MS = 1_000;

/** What takes bytes without ever waiting. */
type Output = {
  /** @returns how many bytes it took; 0 for none now. @throws what the system says when it can take none at all */
  write(bytes: Buffer): number;
  close(): void;
};

type BufferedLine = {
  readonly bytes: Buffer;
  /** Whether bytes before these have gone out already. */
  readonly begun?: true;
  /** How many lines are lost with it: 1, or as many as a line about lost lines speaks of. */
  readonly lines: number;
};

/**
 * Where the lines of a log go. It never waits: what cannot be written now is held back up to a bound, and what goes beyond it, or cannot be
 * written at all (a full disk, a reader that is gone), is lost and counted. As soon as there is room again, a line says how many.
 */
export class LogSink {
  readonly #open: () => Output;
  readonly #about: (lost: number, why: string) => string;
  #output: Output;
  #buffered: BufferedLine[] = [];
  #bufferedBytes = 0;
  #lost = 0;
  #why = '';
  /** The last line was written in part, and will not be finished. */
  #broken = false;
  #retry: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;

  /** @param about makes the line that says how many are lost, and why */
  private constructor(open: () => Output, about: (lost: number, why: string) => string) {
    this.#open = open;
    this.#about = about;
    this.#output = open();
    // What was held back when the process decides to end has one more chance.
    process.on('exit', () => this.#flush());
  }

  /** Standard error, whatever it is. */
  static async ofStderr(about: (lost: number, why: string) => string): Promise<LogSink> {
    const output = await stderrOutput();
    return new LogSink(() => output, about);
  }

  /**
   * A file, which is made if it is not there, and appended to.
   * @throws Failure when it cannot be opened
   */
  static ofFile(path: string, about: (lost: number, why: string) => string): LogSink {
    return new LogSink(() => fileOutput(path), about);
  }

  write(line: string): void {
    this.#reportLost();
    const bytes = Buffer.from(line);
    if (this.#bufferedBytes + bytes.length > MAX_BUFFERED_BYTES) {
      this.#lose(1, 'no process reads it');
      return;
    }
    this.#buffer({ bytes, lines: 1 });
    if (this.#retry === undefined) this.#flush();
  }

  /**
   * Opens its file again, which has been moved away; what was held back goes into the new one.
   * @throws Failure when it cannot be opened: then the old one is still used
   */
  reopen(): void {
    const output = this.#open();
    if (output === this.#output) return;
    this.#flush();
    this.#output.close();
    this.#output = output;
    this.#broken = false;
    this.#flush();
  }

  /** Writes what is still held back, if it is taken in a moment. */
  async end(): Promise<void> {
    this.#reportLost();
    this.#flush();
    if (this.#buffered.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      setTimeout(resolve, END_TIMEOUT_MS);
    });
  }

  #buffer(line: BufferedLine): void {
    this.#buffered.push(line);
    this.#bufferedBytes += line.bytes.length;
  }

  #lose(lines: number, why: string): void {
    this.#lost += lines;
    this.#why = why;
  }

  #reportLost(): void {
    // Half of the room, so that not every second line is one about a lost line.
    if (this.#lost === 0 || this.#bufferedBytes > MAX_BUFFERED_BYTES / 2) return;
    const lines = this.#lost;
    this.#lost = 0;
    this.#buffer({ bytes: Buffer.from(this.#about(lines, this.#why)), lines });
  }

  #flush(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (let first = this.#buffered[0]; first !== undefined; first = this.#buffered[0]) {
      try {
        if (this.#broken && this.#output.write(newline) === 1) this.#broken = false;
        const taken = this.#broken ? 0 : this.#output.write(first.bytes);
        this.#bufferedBytes -= taken;
        if (taken === first.bytes.length) this.#buffered.shift();
        else if (taken > 0) this.#buffered[0] = { ...first, bytes: first.bytes.subarray(taken), begun: true };
        else {
          this.#retry = setTimeout(() => this.#flush(), RETRY_INTERVAL_MS).unref();
          return;
        }
      } catch (error) {
        this.#broken ||= first.begun === true;
        this.#dropAll((error as NodeJS.ErrnoException).code ?? String(error));
      }
    }
    this.#onEmpty?.();
  }

  #dropAll(why: string): void {
    for (const { lines } of this.#buffered) this.#lose(lines, why);
    this.#buffered = [];
    this.#bufferedBytes = 0;
  }
}

const newline = Buffer.from('\n');

function descriptorOutput(fd: number): Output {
  return {
    write(bytes) {
      try {
        return writeSync(fd, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
        throw error;
      }
    },
    close: () => closeSync(fd),
  };
}

/** A named pipe is opened without waiting for its reader, and written to without waiting. */
function fileOutput(path: string): Output {
  const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
  try {
    return descriptorOutput(openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY, 0o640));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENXIO' ? 'it is a pipe that no process reads' : (code ?? message);
    throw new Failure(`the log cannot be written to ${path}: ${why}`, { cause: error });
  }
}

/**
 * Other processes share the description of standard error, and a terminal that is stopped or a pipe that no process reads would keep a writer
 * waiting: so a pipe and a terminal are opened anew, for writing that does not wait. Writing to a file does not wait.
 */
async function stderrOutput(): Promise<Output> {
  const fd = 2;
  if (process.platform === 'linux') {
    const kind = fstatSync(fd);
    if (kind.isSocket()) {
      const { sendWithoutWaiting } = await import('zocalo/sys');
      return { write: (bytes) => sendWithoutWaiting(fd, bytes), close() {} };
    }
    if (!kind.isFIFO() && !isatty(fd)) return descriptorOutput(fd);
    try {
      const { O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
      return descriptorOutput(openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY));
    } catch {
      // It belongs to another user, as after `su`.
    }
  }
  const { stderr } = process;
  return {
    write(bytes) {
      if (stderr.writableLength > 0) return 0;
      stderr.write(bytes);
      return bytes.length;
    },
    close() {},
  };
}
