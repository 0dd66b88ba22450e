import { RELEASED, type SessionPort, type Waker, WRITE } from './session-port.ts';

/** The conversation with a client that is refused: one message is sent, then the connection closes. */
export class Refusal implements SessionPort {
  waker: Waker | undefined;
  finished = false;
  readonly lingers = true;
  readonly awaits = false;
  readonly keeps = RELEASED;
  readonly #message: Uint8Array;
  readonly #deadline: number;
  #offset = 0;

  /** @param deadline when sending is given up, in milliseconds of the loop's clock */
  constructor(message: Uint8Array, deadline: number) {
    this.#message = message;
    this.#deadline = deadline;
  }

  get interest(): number {
    return this.finished ? 0 : WRITE;
  }

  outgoing(): Uint8Array | undefined {
    return this.finished ? undefined : this.#message.subarray(this.#offset);
  }

  sent(count: number): void {
    this.#offset += count;
    if (this.#offset === this.#message.length) this.finished = true;
  }

  tick(now: number): number {
    if (now >= this.#deadline) this.broken();
    return this.#deadline;
  }

  broken(): void {
    this.finished = true;
    this.waker?.wake();
  }

  /** A server that stops still sends the message, which has a deadline of its own. */
  stop(): void {}
  drain(): void {}
  open(): void {}
  resume(): void {}
  receive(): boolean {
    return false;
  }
  receiveEnd(): void {}
}
