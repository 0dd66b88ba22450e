import type { Server, Socket } from 'node:net';
import type { AcceptedSocket, Arrival, Listener, ListenerEvents, ListenTarget } from './loop.ts';

/** A connection as a socket of node:net. */
export class NetSocket implements AcceptedSocket {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;

  /** @param arrival where it came from, when the socket itself has not been asked yet */
  constructor(socket: Socket, arrival: { [Part in keyof Arrival]?: Arrival[Part] | undefined } = socket) {
    this.socket = socket;
    this.remoteAddress = arrival.remoteAddress ?? '';
    this.remotePort = arrival.remotePort ?? 0;
    this.localPort = arrival.localPort ?? 0;
    // An error is always followed by `close`, which is where it is dealt with.
    socket.on('error', () => {});
  }

  close(): void {
    this.socket.destroy();
  }
}

/**
 * A listener of node:net. It cannot leave connections in the kernel's backlog: while it is paused, sockets that libuv has accepted
 * are kept unread and handed over when it resumes.
 */
export class NetListener implements Listener {
  readonly target: ListenTarget;
  readonly #server: Server;
  readonly #events: ListenerEvents<NetSocket>;
  #paused = false;
  #kept: NetSocket[] = [];

  constructor(server: Server, target: ListenTarget, events: ListenerEvents<NetSocket>) {
    this.#server = server;
    this.#events = events;
    const address = server.address();
    this.target =
      typeof address === 'object' && address !== null
        ? { address: address.address, port: address.port }
        : target;
    server.on('connection', (socket) => this.#accepted(new NetSocket(socket)));
    server.on('error', (error) => events.onAcceptError(error));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused) {
      const socket = this.#kept.shift();
      if (socket === undefined) return;
      if (!socket.socket.destroyed) this.#events.onSocket(socket);
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#kept) socket.close();
    this.#kept = [];
  }

  #accepted(socket: NetSocket): void {
    if (this.#paused) this.#kept.push(socket);
    else this.#events.onSocket(socket);
  }
}
