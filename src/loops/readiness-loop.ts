import type { SessionPort } from '../protocol/session-port.ts';
import { BaseDescriptorLoop } from './base-descriptor-loop.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { FdListener } from './fd-listener.ts';
import type { FdSocket } from './fd-socket.ts';
import { HeldSocket } from './held-socket.ts';
import type { DescriptorLoop, Held, Listener, ListenerEvents, ListenTarget } from './loop.ts';
import { READABLE } from './poller.ts';
import type { Waiter } from './waiter.ts';

/** The loop of every mechanism that reports which descriptors are ready; the mechanism itself is a poller. */
export class ReadinessLoop
  extends BaseDescriptorLoop<Connection>
  implements DescriptorLoop<FdSocket>, ConnectionOwner
{
  readonly mechanism: string;

  constructor(mechanism: string, waiter: Waiter) {
    super(waiter);
    this.mechanism = mechanism;
  }

  async listen(target: ListenTarget, backlog: number, events: ListenerEvents<FdSocket>): Promise<Listener> {
    return new FdListener(target, backlog, this.waiter, events);
  }

  hold(socket: FdSocket, onLeft: () => void): Held<FdSocket> {
    return new HeldSocket(socket, this.waiter, onLeft);
  }

  watch(fd: number, onReadable: () => void): () => void {
    const watched = { fd, generation: 0, onReady: onReadable };
    this.waiter.watch(watched, READABLE);
    return () => this.waiter.unwatch(watched);
  }

  adopt(socket: FdSocket, session: SessionPort): void {
    this.begun();
    new Connection(socket, session, this).start();
  }

  async catchUp(): Promise<void> {
    for (const connection of this.connections()) connection.catchUp();
  }

  protected connections(): Connection[] {
    return [...this.waiter.all()].filter(
      (watched): watched is Connection => watched instanceof Connection && watched.owner === this,
    );
  }
}
