import { bind } from './libc.ts';

/** Event bits of poll(2) on Linux; ERR, HUP and NVAL are reported whether asked for or not. */
export const POLLIN = 0x001;
export const POLLOUT = 0x004;
export const POLLERR = 0x008;
export const POLLHUP = 0x010;
export const POLLNVAL = 0x020;
export const POLLRDHUP = 0x2000;

const sysPoll = bind<(entries: Buffer, count: number, timeout: number) => number>(
  'int poll(void *, ulong, int)',
);

/** `struct pollfd`: an int descriptor, a short of events that are asked for, a short of those that are reported. */
const ENTRY_SIZE = 8;

/** An array for poll(2), filled anew for each call. */
export class PollSet {
  #bytes = Buffer.alloc(8 * ENTRY_SIZE);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  add(fd: number, events: number): void {
    const at = this.#count++ * ENTRY_SIZE;
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(at)]);
    this.#bytes.writeInt32LE(fd, at);
    this.#bytes.writeInt16LE(events, at + 4);
  }

  /** Waits at most `timeout` milliseconds; how many descriptors have events, negative on failure (EINTR: a signal came). */
  wait(timeout: number): number {
    return sysPoll(this.#bytes, this.#count, timeout);
  }

  /** What is reported of the entry that was added as number `i`. */
  events(i: number): number {
    return this.#bytes.readInt16LE(i * ENTRY_SIZE + 6);
  }
}
