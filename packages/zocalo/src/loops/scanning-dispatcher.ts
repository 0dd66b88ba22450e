import { type NodeHandle, NodeLoop } from '../sys/node-loop.ts';
import { NO_EVENT, type Poller, READABLE, ReadyList } from './poller.ts';
import { ReadinessDispatcher } from './readiness-dispatcher.ts';

/** A set of descriptors that is passed to the kernel whole with every call, and scanned whole after it. */
export interface ScannedSet {
  add(fd: number, interest: number, generation: number): void;
  modify(fd: number, interest: number, generation: number): void;
  remove(fd: number): void;
  /** Waits at most `timeoutMs` milliseconds (-1: without limit) in this thread. @returns how many are ready, negative on failure */
  wait(timeoutMs: number): number;
  /** Adds what is ready to the list. */
  collect(count: number, ready: ReadyList): void;
}

/** Several dispatchers that scan in one thread do not know each other's descriptors, and wait alternately for this long. */
const SHARED_WAIT_MS = 1;

/**
 * What select(2) and poll(2) have in common: the kernel remembers nothing between two calls, and the cost of each grows with all
 * that is watched, ready or not.
 */
export class ScanningPoller implements Poller {
  readonly #set: ScannedSet;
  readonly #ready = new ReadyList();

  constructor(set: ScannedSet) {
    this.#set = set;
  }

  add(fd: number, interest: number, generation: number): void {
    this.#set.add(fd, interest, generation);
  }

  modify(fd: number, interest: number, generation: number): void {
    this.#set.modify(fd, interest, generation);
  }

  remove(fd: number): void {
    this.#set.remove(fd);
  }

  poll(): number {
    return Math.max(this.wait(0), 0);
  }

  /** As {@link poll}, but waits; negative when a signal, or a failure, has ended the wait. */
  wait(timeoutMs: number): number {
    const count = this.#set.wait(timeoutMs);
    this.#ready.count = 0;
    if (count > 0) this.#set.collect(count, this.#ready);
    return count < 0 ? count : this.#ready.count;
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
}

/**
 * Waits beside Node's loop: such a set has no descriptor that Node could watch, so Node's own is in the set. Before Node would wait, this
 * thread waits here, for its clients and for Node, as long as Node's loop permits.
 */
export class ScanningDispatcher extends ReadinessDispatcher<ScanningPoller> {
  static #count = 0;
  readonly edgeTriggered = false;
  readonly #node = NodeLoop.current();
  protected override readonly handle: NodeHandle;
  /** How many events the last wait found that no turn has delivered yet. */
  #readyCount = 0;

  /** @throws PlatformError when this program does not export its event loop */
  constructor(set: ScannedSet) {
    super(new ScanningPoller(set));
    set.add(this.#node.backendFd, READABLE, NO_EVENT);
    this.handle = this.#node.beforeWaiting(() => this.#wait());
    this.handle.unref();
    ScanningDispatcher.#count++;
  }

  protected override poll(): number {
    const count = this.#readyCount;
    this.#readyCount = 0;
    return count > 0 ? count : super.poll();
  }

  protected override prepareToWait(): boolean {
    return false;
  }

  protected override close(): void {
    super.close();
    ScanningDispatcher.#count--;
  }

  #wait(): void {
    if (this.scheduled) return;
    const allowedMs = this.#node.timeoutMs;
    const shared = ScanningDispatcher.#count > 1 && (allowedMs < 0 || allowedMs > SHARED_WAIT_MS);
    const count = this.poller.wait(shared ? SHARED_WAIT_MS : allowedMs);
    if (allowedMs !== 0) this.#node.updateTime();
    this.#readyCount = Math.max(count, 0);
    // libuv also reports 0 while it watches something that its own wait does not include yet: it would then wait without our descriptors. So
    // another pass is scheduled; and so it is when the wait ended for another reason than an event.
    const again = count < 0 || shared || (allowedMs === 0 && this.#node.alive);
    if (count > 0 || again) this.schedule();
  }
}
