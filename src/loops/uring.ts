import type { SessionPort } from '../protocol/session-port.ts';
import { BaseDescriptorLoop } from './base-descriptor-loop.ts';
import type { FdSocket } from './fd-socket.ts';
import type { DescriptorLoop, Held, Listener, ListenerEvents, ListenTarget } from './loop.ts';
import { Reactor } from './reactor.ts';
import { UringConnection, type UringOwner } from './uring-connection.ts';
import { UringHeldSocket } from './uring-held-socket.ts';
import { UringListener } from './uring-listener.ts';
import { UringPoller } from './uring-poller.ts';
import { UringWatch } from './uring-watch.ts';

/** Nothing to resume: whoever wakes this wants a turn, so that what it has staged is submitted. */
const justATurn = { resume(): void {} };
/** The most turns in which `catchUp` collects what has arrived. */
const MOST_TURNS = 1_024;

/** The loop of completions: operations are submitted to a ring, and the kernel tells when they are done. */
class UringLoop extends BaseDescriptorLoop<UringConnection> implements DescriptorLoop<FdSocket>, UringOwner {
  readonly mechanism = 'uring';
  declare readonly waiter: Reactor;
  readonly poller: UringPoller;

  constructor(waiter: Reactor, poller: UringPoller) {
    super(waiter);
    this.poller = poller;
  }

  async listen(target: ListenTarget, backlog: number, events: ListenerEvents<FdSocket>): Promise<Listener> {
    return new UringListener(target, backlog, this.waiter, this.poller, events);
  }

  hold(socket: FdSocket, onLeft: () => void): Held<FdSocket> {
    return new UringHeldSocket(socket, this.waiter, this.poller, onLeft);
  }

  watch(fd: number, onReadable: () => void): () => void {
    const watch = new UringWatch(fd, this.poller, onReadable);
    this.waiter.watch(watch, 0);
    watch.poll();
    return () => {
      watch.end();
      this.waiter.unwatch(watch);
    };
  }

  adopt(socket: FdSocket, session: SessionPort): void {
    this.begun();
    new UringConnection(socket, session, this).start();
  }

  /** What has arrived is in the kernel, until it is asked to put it into buffers, of which there are fewer than clients. */
  async catchUp(): Promise<void> {
    // Whoever asks may stand in the midst of a turn.
    await Promise.resolve();
    const { poller, waiter } = this;
    poller.sameTurn = true;
    try {
      for (let i = 0; i < MOST_TURNS && (i === 0 || poller.busy); i++) waiter.turn();
    } finally {
      poller.sameTurn = false;
    }
  }

  protected connections(): UringConnection[] {
    return [...this.waiter.all()].filter(
      (watched): watched is UringConnection => watched instanceof UringConnection && watched.owner === this,
    );
  }
}

/** The poller of this thread's reactor, while there is one. */
let poller: UringPoller | undefined;

/**
 * A loop that waits in io_uring. All such loops of a thread share one ring.
 * @throws PlatformError when this kernel, or its settings, do not permit it
 */
export function createUringLoop(): UringLoop {
  const reactor = Reactor.shared('uring', () => {
    poller = new UringPoller();
    return poller;
  });
  const shared = poller as UringPoller;
  shared.onStaged = () => reactor.wake(justATurn);
  return new UringLoop(reactor, shared);
}
