import { type NodeHandle, NodeLoop } from '../sys/node-loop.ts';
import type { Poller } from './poller.ts';
import { ReadinessDispatcher, type ReadinessHandler } from './readiness-dispatcher.ts';

/** A poller that is itself a descriptor, readable while anything is ready. */
export interface DescriptorPoller extends Poller {
  readonly fd: number;
  /** Whether it reports no more than new events where EDGE_TRIGGERED is asked for. */
  readonly edgeTriggered: boolean;
  /** When to poll although the descriptor is not readable, in milliseconds from now; Infinity: never. */
  readonly pollAfterMs: number;
  close(): void;
}

/** Waits inside Node's loop, which watches the poller's descriptor; a turn is taken in the pass in which that is readable. */
export class WatchedDispatcher extends ReadinessDispatcher<DescriptorPoller> {
  readonly edgeTriggered: boolean;
  protected override readonly handle: NodeHandle;
  #pollTimer: NodeJS.Timeout | undefined;

  /** @throws PlatformError when this program does not export its event loop */
  constructor(poller: DescriptorPoller) {
    super(poller);
    this.edgeTriggered = poller.edgeTriggered;
    this.handle = NodeLoop.current().watch(poller.fd, () => this.schedule());
    this.handle.unref();
  }

  override watch(handler: ReadinessHandler, interest: number): void {
    super.watch(handler, interest);
    if (this.poller.pollAfterMs === 0) this.schedule();
  }

  override change(handler: ReadinessHandler, interest: number): void {
    super.change(handler, interest);
    if (this.poller.pollAfterMs === 0) this.schedule();
  }

  protected override prepareToWait(): boolean {
    const { pollAfterMs } = this.poller;
    if (pollAfterMs === 0) return true;
    if (pollAfterMs < Number.POSITIVE_INFINITY && this.#pollTimer === undefined) {
      this.#pollTimer = setTimeout(() => {
        this.#pollTimer = undefined;
        this.schedule();
      }, pollAfterMs);
    }
    return false;
  }

  protected override close(): void {
    super.close();
    clearTimeout(this.#pollTimer);
    this.poller.close();
  }
}
