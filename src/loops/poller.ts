/** What a descriptor is watched for, and what is reported of it. FAILED is reported whether asked for or not. */
export const READABLE = 1;
export const WRITABLE = 2;
/** The connection broke, or both sides have finished: the next receive tells which. */
export const FAILED = 4;
/** The other side has finished sending. */
export const PEER_FINISHED = 8;
/**
 * Of what can be read, only that more has come, or that the end has. Whoever watches so looks again by itself while it has not taken all
 * there was. Only an interest; a mechanism may report more.
 */
export const CHANGES = 16;

/**
 * A mechanism that tells which of many descriptors are ready: epoll and its relatives. All are level-triggered, what is still true is
 * reported again, but for what is watched for {@link CHANGES} by one that can tell them. After {@link poll} or {@link park} the events are numbered from 0 and can be asked for one by one.
 */
export interface Poller {
  /** Whether it reports no more than {@link CHANGES} where these are asked for. */
  readonly tellsChanges?: boolean;
  /** Watches a descriptor; `generation` comes back with its events. */
  add(fd: number, interest: number, generation: number): void;
  modify(fd: number, interest: number, generation: number): void;
  remove(fd: number): void;
  /** Waits at most `timeout` milliseconds, in this thread; how many descriptors are ready. With 0 it may be called while parked. */
  poll(timeout: number): number;
  /**
   * Tells the kernel what a turn has prepared, at its end; only for a mechanism that gathers such things.
   * @returns how many events there are for the next turn already
   */
  flush?(): number;
  /**
   * Waits without limit, off this thread, until something is ready or {@link unpark} is called; then calls `done` with how many are.
   * A mechanism without it can only be waited for in this thread.
   */
  park?(done: (count: number) => void): void;
  unpark?(): void;
  descriptor(i: number): number;
  generation(i: number): number;
  events(i: number): number;
  /** Never while parked. */
  close(): void;
}
