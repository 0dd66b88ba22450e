import type { Clock } from '../protocol/session-host.ts';
import type { SessionPort } from '../protocol/session-port.ts';
import { FdSocket } from './fd-socket.ts';
import type {
  Arrival,
  DescriptorLoop,
  DescriptorOwner,
  Held,
  Listener,
  ListenerEvents,
  ListenTarget,
} from './loop.ts';
import { Reactor } from './reactor.ts';
import { UringConnection, type UringOwner } from './uring-connection.ts';
import { UringHeldSocket } from './uring-held-socket.ts';
import { UringListener } from './uring-listener.ts';
import { UringPoller } from './uring-poller.ts';
import { UringWatch } from './uring-watch.ts';
import { WheelTimer } from './wheel-timer.ts';

/** Nothing to resume: whoever wakes this wants a turn, so that what it has staged is submitted. */
const justATurn = { resume(): void {} };
/** The most turns in which `catchUp` collects what has arrived. */
const MOST_TURNS = 1_024;

/** The loop of completions: operations are submitted to a ring, and the kernel tells when they are done. */
class UringLoop implements DescriptorLoop<FdSocket>, UringOwner {
  readonly mechanism = 'uring';
  readonly waiter: Reactor;
  readonly poller: UringPoller;
  #load = 0;
  readonly #timer: WheelTimer<UringConnection>;
  #onEmpty: (() => void) | undefined;

  constructor(waiter: Reactor, poller: UringPoller) {
    this.waiter = waiter;
    this.poller = poller;
    this.#timer = new WheelTimer(waiter.clock, (connection, now) => {
      connection.due(now);
    });
  }

  get clock(): Clock {
    return this.waiter.clock;
  }

  get load(): number {
    return this.#load;
  }

  async listen(target: ListenTarget, backlog: number, events: ListenerEvents<FdSocket>): Promise<Listener> {
    return new UringListener(target, backlog, this.waiter, this.poller, events);
  }

  hold(socket: FdSocket, onLeft: () => void): Held<FdSocket> {
    return new UringHeldSocket(socket, this.waiter, this.poller, onLeft);
  }

  socketOf(fd: number, arrival: Arrival, owner: DescriptorOwner): FdSocket {
    return new FdSocket(fd, arrival.remoteAddress, arrival.remotePort, arrival.localPort, owner);
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
    this.#load++;
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

  each(visit: (session: SessionPort) => void): void {
    for (const connection of this.#connections()) visit(connection.session);
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections()) connection.stop();
    if (this.#load > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#timer.stop();
    await this.waiter.release();
  }

  schedule(connection: UringConnection, at: number): void {
    this.#timer.schedule(connection, at);
  }

  closed(): void {
    this.#load--;
    if (this.#load === 0) this.#onEmpty?.();
  }

  /** The reactor knows them already: a set of our own would cost more than some clients do. */
  #connections(): UringConnection[] {
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
