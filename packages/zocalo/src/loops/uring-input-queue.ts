import { RECEIVE_BUFFER_SIZE } from './loop.ts';

/** Bytes that a session could not receive yet: more than one receive in a turn, or ones that it does not want to read. */
export class InputQueue {
  #pieces: Buffer[] = [];
  /** How many bytes are queued. */
  length = 0;
  /** What follows the bytes: the other side has finished, or the connection broke. */
  ended = false;
  broken = false;

  get empty(): boolean {
    return this.length === 0 && !this.ended && !this.broken;
  }

  /** Adds a copy of the first `length` bytes: the ring's buffers serve all clients. */
  push(bytes: Buffer, length: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(0, length)));
    this.length += length;
  }

  /** As much as one receive might have brought; undefined when only what follows is left. */
  take(): Buffer | undefined {
    let count = 0;
    for (let length = 0; count < this.#pieces.length; count++) {
      length += this.#pieces[count]?.length ?? 0;
      if (count > 0 && length > RECEIVE_BUFFER_SIZE) break;
    }
    if (count === 0) return undefined;
    const taken = this.#pieces.splice(0, count);
    const bytes = taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken);
    this.length -= bytes.length;
    return bytes;
  }
}
