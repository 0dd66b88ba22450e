import type { Clock } from '../protocol/session-host.ts';
import type { SessionPort } from '../protocol/session-port.ts';

/*
 * The contract of a loop
 * ======================
 *
 * A loop is how one worker waits for its sockets and moves bytes between them and their sessions. It knows nothing of
 * protocols and admission. One file is one mechanism; one conformance suite holds for all of them.
 *
 * A mechanism provides:
 * - listening: sockets that have been accepted are handed to `onSocket` unread. A failed accept never ends the listener:
 *   what concerns one connection (ECONNABORTED and its like) is passed over; what concerns the machine (EMFILE, ENFILE,
 *   ENOBUFS, ENOMEM) is reported, and tried again after a pause that grows, or when a descriptor comes free. (libuv does
 *   this by itself and otherwise: it closes, unreported, the connections for which it has no descriptor.)
 * - adopted sockets: bytes that came are given to `session.receive` in order, the end to `receiveEnd`, an error to `broken`. Whatever
 *   `session.outgoing` holds is sent in order and confirmed with `sent`. A loop reads only while the session's interest has READ.
 * - turns: `session.waker.wake()` leads to one `session.resume()` in a later turn, and what it put out is sent.
 * - fairness: in one turn at most one receive is taken from a client and at most SEND_BUDGET bytes are sent to it.
 * - time: `clock.now` is read once a turn. Each session's `tick` is called no later than it asked for, give or take the
 *   granularity of the wheel.
 * - Node's own loop is never starved: timers, promises and file operations of handlers go on under any load.
 *
 * What may be stale: readiness. A socket reported readable may have nothing (EAGAIN is ordinary); an event may belong to
 * a descriptor that was closed and whose number has been given away since, so every registration carries a generation.
 *
 * Who owns the descriptor: the listener until `onSocket` is called; then whoever received it, who gives it to `hold` or `adopt`, or
 * closes it; from there on the loop, which closes it, always. `hold` gives it back through `Held.take`.
 *
 * How it closes: when a session is finished, and the other side may still be sending, the loop sends FIN and reads on, throwing
 * away, until the other side's FIN or LINGER_TIMEOUT: closing with unread bytes would send a reset, and a reset destroys the
 * answer that is still on its way (RFC 1122 section 4.2.2.13).
 */

/** The most bytes sent to one client in one turn. */
export const SEND_BUDGET = 262_144;
/** How many bytes that are sent from a file count as one: they take less than half of the time. */
export const FILE_BYTES = 2;
/** The size of a loop's receive buffer: what is taken from one client in one turn. */
export const RECEIVE_SIZE = 65_536;
/** How long a closed conversation waits for the other side's FIN, in milliseconds. */
export const LINGER_TIMEOUT = 1_000;
/** The most connections accepted in one turn. */
export const ACCEPT_BUDGET = 64;
/** After a failed accept for want of descriptors or memory: the first pause, doubled up to the longest, in milliseconds. */
export const ACCEPT_PAUSE = { first: 20, longest: 1_000 };

/** Where to listen: a numeric IP address and a port (0: any that is free), or the path of a Unix socket. */
export type ListenTarget = { address: string; port: number } | { path: string };

/** Where a connection comes from and has arrived, as in `ClientIdentity`. */
export type Arrival = {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
};

/** A connection that has been accepted and not read. What it is inside is its mechanism's own affair. */
export interface AcceptedSocket extends Arrival {
  /** Closes it at once; for a socket that is neither held nor adopted. */
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
export interface ListenerEvents<Socket> {
  onSocket(socket: Socket): void;
  /** Accepting failed for want of descriptors or memory; it is tried again by itself. */
  onAcceptError(error: Error): void;
}

/** A socket that is kept unread, for a client in the waiting line. */
export interface Held<Socket> {
  /** Sends a few words, as far as the socket takes them at once. */
  say(words: string | Uint8Array): void;
  /** Gives the socket back, to be adopted or closed. */
  take(): Socket;
}

/** One worker's way to wait. */
export interface Loop<Socket extends AcceptedSocket = AcceptedSocket> {
  /** As in `model`: `epoll`, `libuv`. */
  readonly mechanism: string;
  readonly clock: Clock;
  /** How many sockets it has adopted and not yet closed. */
  readonly load: number;
  /** @throws ListenError when the address cannot be listened on */
  listen(target: ListenTarget, backlog: number, events: ListenerEvents<Socket>): Promise<Listener>;
  /** Keeps a socket unread; `onLeft` is called, and the socket closed, if its client hangs up. */
  hold(socket: Socket, onLeft: () => void): Held<Socket>;
  /** Drives a session over a socket until the session is finished, then closes the socket. */
  adopt(socket: Socket, session: SessionPort): void;
  /** Gives every session what has arrived for it by now, as far as it wants to read: at most one receive each. */
  catchUp(): Promise<void>;
  /** Calls `visit` for every session it drives. */
  each(visit: (session: SessionPort) => void): void;
  /** Stops the sessions that are not finished, waits for last words and for the sockets that linger, and releases what the loop holds. */
  stop(): Promise<void>;
}

/** Closes descriptors of connections that are over: whoever accepted them, or an envoy of whoever did. */
export interface DescriptorOwner {
  release(fd: number): void;
}

/** A loop that can serve in a worker: sockets come to it as descriptors that were accepted elsewhere. */
export interface DescriptorLoop<Socket extends AcceptedSocket = AcceptedSocket> extends Loop<Socket> {
  /** A socket of this loop's kind for a descriptor. When the loop has done with it, `owner` is told to release the descriptor. */
  socketOf(fd: number, arrival: Arrival, owner: DescriptorOwner): Socket;
  /**
   * Calls back, in turns of its own, while a descriptor is readable that is no client's: how a worker is spoken to.
   * @returns what ends it, to be called before the descriptor is closed
   */
  watch(fd: number, onReadable: () => void): () => void;
}
