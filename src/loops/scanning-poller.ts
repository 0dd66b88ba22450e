import { isMainThread } from 'node:worker_threads';
import { clearEventfd, createEventfd, signalEventfd } from '../sys/eventfd.ts';
import { close } from '../sys/sockets.ts';
import type { Poller } from './poller.ts';
import { ReadyList } from './ready-list.ts';

/** A set of descriptors that is handed to the kernel whole with every call, and looked through whole after it. */
export interface ScannedSet {
  add(fd: number, interest: number, generation: number): void;
  modify(fd: number, interest: number, generation: number): void;
  remove(fd: number): void;
  /** The same in memory of its own, and with the alarm in it, for a call on another thread. */
  copy(alarm: number): ScannedSet;
  /** Waits at most `timeout` milliseconds in this thread; how many are ready, negative on failure. */
  wait(timeout: number): number;
  waitAsync(done: (error: Error | null, count: number) => void): void;
  /** Tells the list what is ready. */
  collect(count: number, ready: ReadyList): void;
}

/**
 * The part that select(2) and poll(2) have in common. The kernel remembers nothing between two calls. So a call that is parked knows the
 * set as it was: whatever changes the set ends it, and the reactor parks again. And the cost of every call grows with all that is
 * watched, ready or not.
 */
export class ScanningPoller implements Poller {
  readonly #set: ScannedSet;
  readonly #ready = new ReadyList();
  readonly #alarm = createEventfd();
  #parked = false;

  constructor(set: ScannedSet) {
    this.#set = set;
    process.once('exit', this.#onExit);
  }

  add(fd: number, interest: number, generation: number): void {
    this.#set.add(fd, interest, generation);
    this.#changed();
  }

  modify(fd: number, interest: number, generation: number): void {
    this.#set.modify(fd, interest, generation);
    this.#changed();
  }

  remove(fd: number): void {
    this.#set.remove(fd);
    this.#changed();
  }

  poll(timeout: number): number {
    return this.#collect(this.#set, this.#set.wait(timeout));
  }

  park(done: (count: number) => void): void {
    const parked = this.#set.copy(this.#alarm);
    this.#parked = true;
    parked.waitAsync((error, count) => {
      if (error !== null) throw error;
      this.#parked = false;
      clearEventfd(this.#alarm);
      done(this.#collect(parked, count));
    });
  }

  unpark(): void {
    signalEventfd(this.#alarm);
  }

  descriptor(i: number): number {
    return this.#ready.descriptor(i);
  }

  generation(i: number): number {
    return this.#ready.generation(i);
  }

  events(i: number): number {
    return this.#ready.events(i);
  }

  close(): void {
    process.off('exit', this.#onExit);
    close(this.#alarm);
  }

  #collect(set: ScannedSet, count: number): number {
    this.#ready.count = 0;
    if (count > 0) set.collect(count, this.#ready);
    return this.#ready.count;
  }

  #changed(): void {
    if (this.#parked) this.unpark();
  }

  /** Node waits at its exit for calls that are under way; a thread that ends leaves its descriptors to the process. */
  readonly #onExit = (): void => (isMainThread ? this.unpark() : this.close());
}
