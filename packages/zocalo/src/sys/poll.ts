import { bind } from './libc.ts';

/** Event bits of poll(2) on Linux; ERR, HUP and NVAL are reported whether asked for or not. */
export const POLLIN = 0x001;
export const POLLOUT = 0x004;
export const POLLERR = 0x008;
export const POLLHUP = 0x010;
export const POLLRDHUP = 0x2000;

const sysPoll = bind<(entries: Int32Array, count: number, timeoutMs: number) => number>(
  'int poll(void *, ulong, int)',
);

/**
 * An array of `struct pollfd` for poll(2): an int descriptor, a short of the events that are asked for, and a short of those that are
 * reported. Here an entry is two words of 32 bits (little-endian), so that one holds the descriptor and the other both shorts.
 */
export class PollSet {
  #words: Int32Array;
  #count = 0;

  constructor(capacity = 64) {
    this.#words = new Int32Array(2 * capacity);
  }

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Adds an entry. @returns its number */
  add(fd: number, events: number): number {
    const i = this.#count++;
    if (2 * i === this.#words.length) {
      const words = new Int32Array(4 * i);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words[2 * i] = fd;
    this.#words[2 * i + 1] = events;
    return i;
  }

  /** Asks for other events in entry `i`. */
  change(i: number, events: number): void {
    this.#words[2 * i + 1] = events;
  }

  /** Takes entry `i` out; the last one takes its number. */
  remove(i: number): void {
    const last = --this.#count;
    this.#words[2 * i] = this.#words[2 * last] as number;
    this.#words[2 * i + 1] = this.#words[2 * last + 1] as number;
  }

  /** Waits at most `timeoutMs` milliseconds (-1: for as long as it takes); how many entries have events, negative on failure (EINTR: a signal came). */
  wait(timeoutMs: number): number {
    return sysPoll(this.#words, this.#count, timeoutMs);
  }

  descriptor(i: number): number {
    return this.#words[2 * i] as number;
  }

  /** What was reported of entry `i` by the last call. */
  events(i: number): number {
    return (this.#words[2 * i + 1] as number) >>> 16;
  }
}

const single = new PollSet(1);

/** Whether the other side of a stream has finished sending, or is gone altogether, whatever of it is still unread. */
export function peerStateOf(fd: number): 'open' | 'finished' | 'gone' {
  single.clear();
  single.add(fd, POLLRDHUP);
  const events = single.wait(0) > 0 ? single.events(0) : 0;
  if ((events & (POLLERR | POLLHUP)) !== 0) return 'gone';
  return (events & POLLRDHUP) === 0 ? 'open' : 'finished';
}
