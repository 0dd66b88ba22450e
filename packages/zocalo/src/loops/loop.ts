import type { Clock } from '../session/session-host.ts';
import type { SessionPort } from '../session/session-port.ts';
import type { SocketOptions } from '../sys/socket-options.ts';

/*
 * The contract of a loop
 * ======================
 *
 * A loop is how one worker waits for its sockets and moves bytes between them and their sessions. It knows nothing of
 * protocols and admission. One file is one mechanism; one conformance suite holds for all of them.
 *
 * A mechanism provides:
 * - listening: accepted sockets are handed to `onSocket` unread. A failed accept never ends the listener: errors of one
 *   connection (ECONNABORTED and its like) are skipped; errors of the machine (EMFILE, ENFILE, ENOBUFS, ENOMEM) are
 *   reported, and accepting is retried after a growing pause, or when a descriptor is released. (libuv handles these by
 *   itself: it closes, unreported, the connections for which it has no descriptor.)
 * - connecting: an outgoing connection becomes a socket like an accepted one.
 * - adopted sockets: received bytes are given to `session.receive` in order, the end to `receiveEnd`, an error to
 *   `broken`. What `session.outgoing` returns is sent in order and confirmed with `sent`. A loop reads only while the
 *   session's interest has READ.
 * - pending sockets: nothing is read from them. A client that hangs up is noticed (`onDisconnect`), and one that
 *   finishes sending behind unread bytes (`onEnd`): until it is sent something, TCP does not distinguish a client that
 *   waits for its answer from one that has closed; a Unix socket does.
 * - turns: `session.waker.wake()` leads to one `session.resume()` in a later turn, and what it produces is sent.
 * - fairness: in one turn at most one receive is taken from a client and at most SEND_BUDGET bytes are sent to it.
 * - time: `clock.now` is read once a turn. Each session's `tick` is called no later than it asked for, give or take the
 *   granularity of the timer wheel.
 * - waiting: while there is nothing to do, a thread sleeps, in Node's own loop or beside it, and needs no other thread
 *   for that (`Dispatcher`). Node's loop is never starved: timers, promises and file operations of handlers proceed
 *   under any load, and when they are due.
 *
 * What may be stale: readiness. A socket reported readable may have nothing (EAGAIN is ordinary); an event may belong to
 * a descriptor that was closed and whose number has been reused since, so every registration carries a generation.
 *
 * Who owns the descriptor: the listener until `onSocket` is called; then the receiver, which gives it to `hold` or
 * `adopt`, or closes it; from there on the loop, which always closes it. `hold` returns it through `PendingSocket.take`.
 *
 * How it closes: when a session is finished and the other side may still be sending, the loop sends FIN and reads on,
 * discarding, until the other side's FIN or LINGER_TIMEOUT_MS: closing with unread bytes would send a reset, and a reset
 * destroys the answer that is still on its way (RFC 1122 section 4.2.2.13).
 */

/** The most bytes sent to one client in one turn. */
export const SEND_BUDGET = 262_144;
/** The size of a loop's receive buffer: what is taken from one client in one turn. */
export const RECEIVE_BUFFER_SIZE = 65_536;
/** How long a closed conversation waits for the other side's FIN. */
export const LINGER_TIMEOUT_MS = 1_000;
/** The most connections accepted in one turn. */
export const ACCEPT_BUDGET = 64;
/** After an accept that failed for lack of descriptors or memory: the first pause, doubled each time up to the longest. */
export const ACCEPT_RETRY_MS = { first: 20, longest: 1_000 };

/**
 * Where to listen: a numeric IP address and a port (0: any free one), and whether an IPv6 address excludes IPv4 clients;
 * or the path of a Unix socket, and the permissions of its file, which is not more open at any moment.
 */
export type ListenTarget =
  | { address: string; port: number; ipv6Only?: boolean }
  | { path: string; mode?: number | undefined };

/** How to listen, and how the kernel keeps the connections: see the options of the same names. */
export type ListenOptions = SocketOptions & { readonly backlog: number; readonly reusePort: boolean };

export const defaultListenOptions: ListenOptions = {
  keepAliveMs: 60_000,
  writeTimeoutMs: 30_000,
  maxUnsent: 131_072,
  sendBuffer: undefined,
  receiveBuffer: undefined,
  backlog: 4_096,
  reusePort: false,
};

/** The address of an IPv4 client in its own form, also when an IPv6 socket reports it mapped (RFC 4291 section 2.5.5.2). */
export function unmapIpv4(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

/** The two ends of a connection, as in `ClientIdentity`. */
export type ConnectionAddress = {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
};

/**
 * A connection that has been accepted, or made, and not read. Its implementation belongs to its mechanism: a loop takes
 * only sockets of its own kind, and throws a TypeError for others.
 */
export interface AcceptedSocket extends ConnectionAddress {
  /** Closes it at once; for a socket that is neither pending nor adopted. */
  close(): void;
}

/** A listening socket. */
export interface Listener {
  /** Where it listens: the port is the real one. */
  readonly target: ListenTarget;
  /** Stops accepting; connections wait in the kernel's backlog. */
  pause(): void;
  /** Accepts again. */
  resume(): void;
  /** Stops listening for good and, for a Unix socket, removes its file. */
  close(): void;
}

/** What a listener reports. */
export interface ListenerEvents {
  onSocket(socket: AcceptedSocket): void;
  /** Accepting failed for lack of descriptors or memory; it is retried automatically. */
  onAcceptError(error: Error): void;
}

/** What becomes of an outgoing connection. One of the two is called, once, and never before `connect` has returned. */
export interface ConnectEvents {
  /** The socket is the caller's, to be adopted or closed. */
  onConnect(socket: AcceptedSocket): void;
  /** @param reason the system's symbolic error, such as `ECONNREFUSED` */
  onError(reason: string): void;
}

/** What becomes of a client whose socket is kept unread. */
export type PendingSocketEvents = {
  /** It has hung up. The socket is closed. */
  onDisconnect(): void;
  /** It has finished sending, and what it has sent is unread. Called once. */
  onEnd(): void;
};

/** A socket that is kept unread, for a client in the waiting line. */
export interface PendingSocket {
  /** Sends bytes as far as the socket takes them at once; the rest is discarded. */
  send(bytes: Uint8Array): void;
  /** Gives the socket back, to be adopted or closed. */
  take(): AcceptedSocket;
}

/** One worker's way to wait. */
export interface Loop {
  /** As in `model`: `epoll`, `libuv`. */
  readonly mechanism: string;
  readonly clock: Clock;
  /** How many sockets it has adopted and not yet closed. */
  readonly load: number;
  /** @throws ListenError when the address cannot be listened on */
  listen(target: ListenTarget, options: ListenOptions, events: ListenerEvents): Promise<Listener>;
  /**
   * Connects to a numeric IP address.
   * @returns cancels the attempt, after which no event is called; to be called only while none has been
   * @throws SystemCallError when there is no descriptor left, OptionError when the address is not numeric
   */
  connect(address: string, port: number, options: SocketOptions, events: ConnectEvents): () => void;
  /** Keeps a socket unread, and notices when its client hangs up, or finishes sending, also behind unread bytes. */
  hold(socket: AcceptedSocket, events: PendingSocketEvents): PendingSocket;
  /** Drives a session over a socket until the session is finished, then closes the socket. */
  adopt(socket: AcceptedSocket, session: SessionPort): void;
  /** Gives every session what has arrived for it by now, as far as it wants to read: at most one receive each. */
  receiveAvailable(): Promise<void>;
  /** Whether it keeps the program alive while it has no connection, as it does at first. */
  keepAlive(keeps: boolean): void;
  /** Calls `visit` for every session it drives. */
  forEachSession(visit: (session: SessionPort) => void): void;
  /** Stops the sessions that are not finished, waits for their final output and for lingering sockets, and releases what the loop holds. */
  stop(): Promise<void>;
}

/** Closes the descriptors of connections that are over: their listener, or in a worker what reports to it. */
export interface DescriptorOwner {
  release(fd: number): void;
}

/** A loop that can serve in a worker: it gets sockets as descriptors that were accepted elsewhere. */
export interface DescriptorLoop extends Loop {
  /** A socket of this loop's kind for a descriptor. When the loop no longer uses the descriptor, `owner` releases it. */
  socketOf(fd: number, address: ConnectionAddress, owner: DescriptorOwner): AcceptedSocket;
  /**
   * Calls back, in turns of its own, while a descriptor is readable that is not a client's, such as a worker's channel.
   * @returns ends it, to be called before the descriptor is closed
   */
  watch(fd: number, onReadable: () => void): () => void;
}
