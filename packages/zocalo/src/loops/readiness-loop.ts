import type { SessionPort } from '../session/session-port.ts';
import { BaseDescriptorLoop } from './base-descriptor-loop.ts';
import { Connection } from './connection.ts';
import { FdListener } from './fd-listener.ts';
import { FdSocket } from './fd-socket.ts';
import type {
  AcceptedSocket,
  DescriptorLoop,
  Listener,
  ListenerEvents,
  ListenOptions,
  ListenTarget,
  PendingSocket,
  PendingSocketEvents,
} from './loop.ts';
import { PolledPendingSocket } from './pending-socket.ts';
import { READABLE, WRITABLE } from './poller.ts';
import type { ReadinessDispatcher, ReadinessHandler } from './readiness-dispatcher.ts';

/** The loop of every mechanism that reports which descriptors are ready; the mechanism itself is a poller. */
export class ReadinessLoop extends BaseDescriptorLoop<ReadinessDispatcher> implements DescriptorLoop {
  readonly mechanism: string;

  constructor(mechanism: string, dispatcher: ReadinessDispatcher) {
    super(dispatcher);
    this.mechanism = mechanism;
  }

  async listen(target: ListenTarget, options: ListenOptions, events: ListenerEvents): Promise<Listener> {
    return new FdListener(target, options, this.dispatcher, events);
  }

  hold(socket: AcceptedSocket, events: PendingSocketEvents): PendingSocket {
    return new PolledPendingSocket(FdSocket.of(socket), this.dispatcher, events);
  }

  watch(fd: number, onReadable: () => void): () => void {
    return this.#watchFor(fd, READABLE, onReadable);
  }

  adopt(socket: AcceptedSocket, session: SessionPort): void {
    this.open(new Connection(FdSocket.of(socket), session, this));
  }

  async receiveAvailable(): Promise<void> {
    for (const connection of this.connections()) connection.receiveAvailable();
  }

  protected override connections(): Connection[] {
    return [...this.dispatcher.registrations()].filter(
      (handler): handler is Connection => handler instanceof Connection && handler.owner === this,
    );
  }

  /** A descriptor is writable when its connection is established or has failed. */
  protected override watchConnect(fd: number, onDone: () => void): () => void {
    const unwatch = this.#watchFor(fd, WRITABLE, () => {
      unwatch();
      onDone();
    });
    return unwatch;
  }

  #watchFor(fd: number, interest: number, onReady: () => void): () => void {
    const handler: ReadinessHandler = { fd, generation: 0, onReady };
    this.dispatcher.watch(handler, interest);
    return () => this.dispatcher.unwatch(handler);
  }
}
