import { RELEASED, type SessionPort, type Waker, WRITE } from './session-port.ts';

/** The shortest of conversations: last words to a client that is turned away, flushed like any others. */
export class Refusal implements SessionPort {
  waker: Waker | undefined;
  finished = false;
  readonly lingers = true;
  readonly awaits = false;
  readonly keeps = RELEASED;
  readonly #words: Uint8Array;
  readonly #deadline: number;
  #offset = 0;

  /** @param deadline when the words are given up, in milliseconds of the loop's clock */
  constructor(words: string | Uint8Array, deadline: number) {
    this.#words = typeof words === 'string' ? Buffer.from(words) : words;
    this.#deadline = deadline;
  }

  get interest(): number {
    return this.finished ? 0 : WRITE;
  }

  outgoing(): Uint8Array | undefined {
    return this.finished ? undefined : this.#words.subarray(this.#offset);
  }

  sent(count: number): void {
    this.#offset += count;
    if (this.#offset === this.#words.length) this.finished = true;
  }

  tick(now: number): number {
    if (now >= this.#deadline) this.broken();
    return this.#deadline;
  }

  broken(): void {
    this.finished = true;
    this.waker?.wake();
  }

  /** A server that stops still lets the words go out: they have a deadline of their own. */
  stop(): void {}
  drain(): void {}
  open(): void {}
  resume(): void {}
  receive(): boolean {
    return false;
  }
  receiveEnd(): void {}
}
