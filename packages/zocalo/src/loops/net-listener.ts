import type { Server, Socket } from 'node:net';
import {
  type AcceptedSocket,
  type ConnectionAddress,
  type Listener,
  type ListenerEvents,
  type ListenOptions,
  type ListenTarget,
  unmapIpv4,
} from './loop.ts';
import { type SocketCalls, setNetOptions } from './socket-calls.ts';

/** A connection as a socket of node:net. */
export class NetSocket implements AcceptedSocket {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;

  /** @param address its ends, when the socket itself does not know them yet */
  constructor(
    socket: Socket,
    address: { [Part in keyof ConnectionAddress]?: ConnectionAddress[Part] | undefined } = socket,
  ) {
    this.socket = socket;
    this.remoteAddress = unmapIpv4(address.remoteAddress ?? '');
    this.remotePort = address.remotePort ?? 0;
    this.localPort = address.localPort ?? 0;
    // An error is always followed by `close`, where it is handled.
    socket.on('error', () => {});
  }

  /** The socket of a loop over node:net. @throws TypeError for a socket of another kind of loop */
  static of(socket: AcceptedSocket): NetSocket {
    if (socket instanceof NetSocket) return socket;
    throw new TypeError('this socket is not of node:net: it is of another kind of loop');
  }

  close(): void {
    this.socket.destroy();
  }
}

/**
 * A listener of node:net. It cannot leave connections in the kernel's backlog: while it is paused, sockets that libuv has accepted
 * are queued unread and handed over when it resumes.
 */
export class NetListener implements Listener {
  readonly target: ListenTarget;
  readonly #server: Server;
  readonly #options: ListenOptions;
  readonly #calls: SocketCalls | undefined;
  readonly #events: ListenerEvents;
  #paused = false;
  #queued: NetSocket[] = [];

  constructor(
    server: Server,
    target: ListenTarget,
    options: ListenOptions,
    calls: SocketCalls | undefined,
    events: ListenerEvents,
  ) {
    this.#server = server;
    this.#options = options;
    this.#calls = calls;
    this.#events = events;
    const address = server.address();
    this.target =
      typeof address === 'object' && address !== null
        ? { address: address.address, port: address.port }
        : target;
    server.on('connection', (socket) => this.#onConnection(socket));
    server.on('error', (error) => events.onAcceptError(error));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused) {
      const socket = this.#queued.shift();
      if (socket === undefined) return;
      if (!socket.socket.destroyed) this.#events.onSocket(socket);
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#queued) socket.close();
    this.#queued = [];
  }

  /** The options are set for each: of a cluster, or elsewhere than on Linux, the listening socket is not at hand. */
  #onConnection(socket: Socket): void {
    const isUnix = 'path' in this.target;
    const accepted = new NetSocket(socket);
    // A client without an address has reset the connection already, and is not reported.
    if (!isUnix && accepted.remoteAddress === '') {
      accepted.close();
      return;
    }
    setNetOptions(socket, this.#calls, this.#options, isUnix);
    this.#accepted(accepted);
  }

  #accepted(socket: NetSocket): void {
    if (this.#paused) this.#queued.push(socket);
    else this.#events.onSocket(socket);
  }
}
