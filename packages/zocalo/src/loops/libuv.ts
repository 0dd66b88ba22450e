import { createConnection, createServer, type Server } from 'node:net';
import { ListenError } from '../errors.ts';
import type { SessionPort } from '../session/session-port.ts';
import type { SocketOptions } from '../sys/socket-options.ts';
import type { BaseConnection } from './base-connection.ts';
import { BaseLoop } from './base-loop.ts';
import type {
  AcceptedSocket,
  ConnectEvents,
  Listener,
  ListenerEvents,
  ListenOptions,
  ListenTarget,
  Loop,
  PendingSocket,
  PendingSocketEvents,
} from './loop.ts';
import { NetConnection } from './net-connection.ts';
import { NetListener, NetSocket } from './net-listener.ts';
import { NetPendingSocket } from './net-pending-socket.ts';
import { type SocketCalls, setNetOptions } from './socket-calls.ts';

/** A loop over node:net: it works wherever Node does, and leaves the waiting to libuv. */
export class LibuvLoop extends BaseLoop implements Loop {
  readonly mechanism = 'libuv';
  readonly #calls: SocketCalls | undefined;
  readonly #connections = new Set<BaseConnection>();
  readonly #servers = new Set<Server>();
  #keepsAlive = true;

  /** @param calls see {@link loadSocketCalls} */
  constructor(calls: SocketCalls | undefined) {
    super({
      get now() {
        return Math.floor(performance.now());
      },
    });
    this.#calls = calls;
  }

  async listen(target: ListenTarget, options: ListenOptions, events: ListenerEvents): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        listenOn(server, target, options, resolve);
      });
    } catch (cause) {
      const { message, code = 'unknown' } = cause as NodeJS.ErrnoException;
      throw new ListenError(message, code, { cause });
    }
    server.removeAllListeners('error');
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
    if (!this.#keepsAlive) server.unref();
    return new NetListener(server, target, options, this.#calls, events);
  }

  connect(address: string, port: number, options: SocketOptions, events: ConnectEvents): () => void {
    const socket = createConnection({ host: address, port, allowHalfOpen: true, noDelay: true });
    const onError = ({ code, message }: NodeJS.ErrnoException) => events.onError(code ?? message);
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      setNetOptions(socket, this.#calls, options, false);
      events.onConnect(new NetSocket(socket));
    });
    return () => socket.destroy();
  }

  hold(socket: AcceptedSocket, events: PendingSocketEvents): PendingSocket {
    return new NetPendingSocket(NetSocket.of(socket), this.#calls, events);
  }

  adopt(socket: AcceptedSocket, session: SessionPort): void {
    const connection = new NetConnection(NetSocket.of(socket), session, this, this.#calls);
    this.#connections.add(connection);
    this.open(connection);
  }

  keepAlive(keeps: boolean): void {
    this.#keepsAlive = keeps;
    for (const server of this.#servers) {
      if (keeps) server.ref();
      else server.unref();
    }
  }

  /** Two turns of Node's loop: between them libuv has polled every socket. */
  async receiveAvailable(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  override onClosed(connection: BaseConnection): void {
    this.#connections.delete(connection);
    super.onClosed(connection);
  }

  protected override connections(): Iterable<BaseConnection> {
    return this.#connections;
  }
}

/** A Unix socket is bound in this very call, so that the mask is that of its file alone. */
function listenOn(server: Server, target: ListenTarget, options: ListenOptions, done: () => void): void {
  const { backlog, reusePort } = options;
  if (!('path' in target)) {
    const { address: host, port, ipv6Only = false } = target;
    // Without `exclusive`, a worker of a cluster listens through its primary, which distributes the connections.
    server.listen({ host, port, ipv6Only, backlog, ...(reusePort ? { reusePort } : {}) }, done);
  } else if (target.mode === undefined) server.listen({ path: target.path, backlog }, done);
  else {
    const before = process.umask(0o777 & ~target.mode);
    try {
      server.listen({ path: target.path, backlog, exclusive: true }, done);
    } finally {
      process.umask(before);
    }
  }
}
