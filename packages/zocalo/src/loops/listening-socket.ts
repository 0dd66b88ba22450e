import { chmodSync, unlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { ListenError, SystemCallError } from '../errors.ts';
import { AF_UNIX, encodeIpAddress, encodeUnixAddress, type SocketAddress } from '../sys/socket-address.ts';
import { close, listenOn, localAddress } from '../sys/sockets.ts';
import { FdSocket } from './fd-socket.ts';
import {
  ACCEPT_RETRY_MS,
  type DescriptorOwner,
  type Listener,
  type ListenerEvents,
  type ListenOptions,
  type ListenTarget,
  unmapIpv4,
} from './loop.ts';

const { EMFILE, ENFILE, ENOBUFS, ENOMEM } = constants.errno;
/** Failures of the machine, not of one connection: trying again at once would spin. */
export const EXHAUSTION_ERRORS: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);

/** A listening descriptor: what is the same however connections are waited for and accepted. */
export abstract class ListeningSocket implements Listener, DescriptorOwner {
  readonly fd: number;
  readonly target: ListenTarget;
  readonly #events: ListenerEvents;
  readonly #port: number;
  #paused = false;
  #retryMs: number = ACCEPT_RETRY_MS.first;
  #retry: NodeJS.Timeout | undefined;

  /** @throws ListenError when the address cannot be listened on */
  constructor(target: ListenTarget, options: ListenOptions, events: ListenerEvents) {
    this.fd = open(target, options);
    this.#events = events;
    const local = localAddress(this.fd);
    this.#port = local.port;
    this.target = local.family === AF_UNIX ? target : { address: local.address, port: local.port };
  }

  pause(): void {
    this.#paused = true;
    this.update();
  }

  resume(): void {
    this.#paused = false;
    this.update();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#paused = true;
    this.unwatch();
    close(this.fd);
    if ('path' in this.target) removeSocketFile(this.target.path);
  }

  /** A free descriptor: what failed for lack of one is retried. */
  release(fd: number): void {
    close(fd);
    if (this.#retry !== undefined) this.#retryNow();
  }

  /** Whether connections are to be accepted now. */
  protected get accepting(): boolean {
    return !this.#paused && this.#retry === undefined;
  }

  /** Called when {@link accepting} may have changed. */
  protected abstract update(): void;

  /** Ends every watch of the descriptor, which is then closed. */
  protected abstract unwatch(): void;

  protected accepted(fd: number, remote: SocketAddress): void {
    this.#retryMs = ACCEPT_RETRY_MS.first;
    // The client's end of a Unix socket may be bound to a path, which is not an address.
    const address = remote.family === AF_UNIX ? '' : unmapIpv4(remote.address);
    this.#events.onSocket(
      new FdSocket(fd, { remoteAddress: address, remotePort: remote.port, localPort: this.#port }, this),
    );
  }

  /** Reports that there is no descriptor or memory to accept with, and pauses. */
  protected onExhausted(error: Error): void {
    this.#retry = setTimeout(() => this.#retryNow(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, ACCEPT_RETRY_MS.longest);
    this.update();
    this.#events.onAcceptError(error);
  }

  #retryNow(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.update();
  }
}

function open(target: ListenTarget, options: ListenOptions): number {
  const { backlog, reusePort } = options;
  try {
    if (!('path' in target)) {
      const { address, port, ipv6Only = false } = target;
      return listenOn(encodeIpAddress(address, port), backlog, { options, reusePort, ipv6Only });
    }
    const { path, mode } = target;
    const fd = listenOn(encodeUnixAddress(path), backlog, { options, mode });
    if (mode !== undefined) permit(fd, path, mode);
    return fd;
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause;
    throw new ListenError(cause.message, cause.errno, { cause });
  }
}

/** Gives the file of a socket the permissions that the umask has taken from it. */
function permit(fd: number, path: string, mode: number): void {
  try {
    chmodSync(path, mode);
  } catch (cause) {
    close(fd);
    const { message, code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new ListenError(message, code, { cause });
  }
}

function removeSocketFile(path: string): void {
  if (path.startsWith('\0')) return;
  try {
    unlinkSync(path);
  } catch {
    // It has been removed or replaced already.
  }
}
