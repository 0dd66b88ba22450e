import { Dispatcher, type Registration } from './dispatcher.ts';
import type { Poller } from './poller.ts';

/** Gets the readiness events of its descriptor. */
export interface ReadinessHandler extends Registration {
  onReady(events: number): void;
}

/** Dispatches the events of a poller. */
export abstract class ReadinessDispatcher<Kind extends Poller = Poller> extends Dispatcher<ReadinessHandler> {
  /** Whether it reports no more than new events of what is watched with EDGE_TRIGGERED. */
  abstract readonly edgeTriggered: boolean;
  protected readonly poller: Kind;

  constructor(poller: Kind) {
    super();
    this.poller = poller;
  }

  watch(handler: ReadinessHandler, interest: number): void {
    this.add(handler);
    this.poller.add(handler.fd, interest, handler.generation);
  }

  change(handler: ReadinessHandler, interest: number): void {
    this.poller.modify(handler.fd, interest, handler.generation);
  }

  /** Must be called before the descriptor is closed. */
  unwatch(handler: ReadinessHandler): void {
    this.poller.remove(handler.fd);
    this.remove(handler);
  }

  protected override round(): number {
    const count = this.poll();
    const { poller } = this;
    for (let i = 0; i < count; i++)
      this.registered(poller.descriptor(i), poller.generation(i))?.onReady(poller.events(i));
    this.resumeQueued();
    return count;
  }

  /** Polls without waiting. @returns how many events there are */
  protected poll(): number {
    return this.poller.poll();
  }
}
