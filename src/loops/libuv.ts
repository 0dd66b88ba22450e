import { createServer } from 'node:net';
import { ListenError } from '../errors.ts';
import type { Clock } from '../protocol/session-host.ts';
import type { SessionPort } from '../protocol/session-port.ts';
import type { Held, Listener, ListenerEvents, ListenTarget, Loop } from './loop.ts';
import { NetConnection, type NetConnectionOwner } from './net-connection.ts';
import { NetHeldSocket } from './net-held-socket.ts';
import { NetListener, type NetSocket } from './net-listener.ts';
import { WheelTimer } from './wheel-timer.ts';

/** A loop over node:net: it works wherever Node does, and lets libuv wait. */
export class LibuvLoop implements Loop<NetSocket>, NetConnectionOwner {
  readonly mechanism = 'libuv';
  readonly clock: Clock = {
    get now() {
      return Math.floor(performance.now());
    },
  };
  readonly #connections = new Set<NetConnection>();
  #onEmpty: (() => void) | undefined;
  readonly #timer = new WheelTimer<NetConnection>(this.clock, (connection, now) => connection.due(now));

  get load(): number {
    return this.#connections.size;
  }

  listen(target: ListenTarget, backlog: number, events: ListenerEvents<NetSocket>): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    const where = 'path' in target ? { path: target.path } : { host: target.address, port: target.port };
    return new Promise((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        reject(new ListenError(cause.message, cause.code ?? 'unknown', { cause }));
      });
      server.listen({ ...where, backlog }, () => {
        server.removeAllListeners('error');
        resolve(new NetListener(server, target, events));
      });
    });
  }

  hold(socket: NetSocket, onLeft: () => void): Held<NetSocket> {
    return new NetHeldSocket(socket, onLeft);
  }

  adopt(socket: NetSocket, session: SessionPort): void {
    const connection = new NetConnection(socket, session, this);
    this.#connections.add(connection);
    connection.start();
  }

  /** Two turns of Node's loop: between them libuv has looked at every socket. */
  async catchUp(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  each(visit: (session: SessionPort) => void): void {
    for (const connection of this.#connections) visit(connection.session);
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.stop();
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#timer.stop();
  }

  schedule(connection: NetConnection, at: number): void {
    this.#timer.schedule(connection, at);
  }

  closed(connection: NetConnection): void {
    this.#timer.cancel(connection);
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }
}
