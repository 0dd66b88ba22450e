/** What a descriptor is watched for, and what is reported of it. FAILED is reported whether asked for or not. */
export const READABLE = 1;
export const WRITABLE = 2;
/** The connection broke, or both sides have finished: the next receive tells which. */
export const FAILED = 4;
/** The other side has finished sending. */
export const PEER_FINISHED = 8;
/**
 * Report READABLE only when more bytes, or the end, have arrived. A handler that watches so reads again by itself while it has not read
 * everything. Only an interest; a mechanism without edge triggering reports more.
 */
export const EDGE_TRIGGERED = 16;
/** There is a byte out of band (tcp(7), MSG_OOB), where a receive stops although there is more. Only reported, with {@link EDGE_TRIGGERED}. */
export const URGENT = 32;

/**
 * A mechanism that reports which of many descriptors are ready. All are level-triggered, what is still true is reported again, except for
 * what is watched with {@link EDGE_TRIGGERED} by a mechanism that knows it. After {@link poll} the events are numbered from 0.
 */
export interface Poller {
  /** Watches a descriptor; `generation` comes back with its events. */
  add(fd: number, interest: number, generation: number): void;
  modify(fd: number, interest: number, generation: number): void;
  remove(fd: number): void;
  /** Finds which descriptors are ready, without waiting. @returns how many */
  poll(): number;
  descriptor(i: number): number;
  generation(i: number): number;
  events(i: number): number;
}

/** The generation of what is watched beside the clients: it ends a wait, and is not an event. */
export const NO_EVENT = -1;

/** What a poller found ready, in the order in which it found it. Each poll fills it anew. */
export class ReadyList {
  count = 0;
  #descriptors = new Int32Array(64);
  #generations = new Int32Array(64);
  #events = new Int32Array(64);

  add(fd: number, generation: number, events: number): void {
    if (generation === NO_EVENT) return;
    if (this.count === this.#descriptors.length) this.#grow();
    this.#descriptors[this.count] = fd;
    this.#generations[this.count] = generation;
    this.#events[this.count] = events;
    this.count++;
  }

  descriptor(i: number): number {
    return this.#descriptors[i] as number;
  }

  generation(i: number): number {
    return this.#generations[i] as number;
  }

  events(i: number): number {
    return this.#events[i] as number;
  }

  #grow(): void {
    const grow = (before: Int32Array<ArrayBuffer>) => {
      const after = new Int32Array(2 * before.length);
      after.set(before);
      return after;
    };
    this.#descriptors = grow(this.#descriptors);
    this.#generations = grow(this.#generations);
    this.#events = grow(this.#events);
  }
}
