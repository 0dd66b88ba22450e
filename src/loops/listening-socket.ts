import { unlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { ListenError, SystemCallError } from '../errors.ts';
import { AF_UNIX, encodeIpAddress, encodeUnixAddress, type SocketAddress } from '../sys/socket-address.ts';
import { close, disableNagle, listenOn, localAddress } from '../sys/sockets.ts';
import { FdSocket } from './fd-socket.ts';
import {
  ACCEPT_PAUSE,
  type DescriptorOwner,
  type Listener,
  type ListenerEvents,
  type ListenTarget,
} from './loop.ts';

const { EMFILE, ENFILE, ENOBUFS, ENOMEM } = constants.errno;
/** Failures of the machine, not of one connection: trying again at once would spin. */
export const EXHAUSTION: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);

/** A listening descriptor: what is the same however connections are waited for and accepted. */
export abstract class ListeningSocket implements Listener, DescriptorOwner {
  readonly fd: number;
  readonly target: ListenTarget;
  readonly #events: ListenerEvents<FdSocket>;
  readonly #port: number;
  #paused = false;
  #pause: number = ACCEPT_PAUSE.first;
  #retry: NodeJS.Timeout | undefined;

  /** @throws ListenError when the address cannot be listened on */
  constructor(target: ListenTarget, backlog: number, events: ListenerEvents<FdSocket>) {
    this.fd = open(target, backlog);
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

  /** A descriptor comes free: what failed for want of one is tried again. */
  release(fd: number): void {
    close(fd);
    if (this.#retry !== undefined) this.#tryAgain();
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
    this.#pause = ACCEPT_PAUSE.first;
    if (remote.family !== AF_UNIX) disableNagle(fd);
    this.#events.onSocket(new FdSocket(fd, remote.address, remote.port, this.#port, this));
  }

  /** Reports that there is no descriptor or memory to accept with, and pauses. */
  protected exhausted(error: Error): void {
    this.#retry = setTimeout(() => this.#tryAgain(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, ACCEPT_PAUSE.longest);
    this.update();
    this.#events.onAcceptError(error);
  }

  #tryAgain(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.update();
  }
}

function open(target: ListenTarget, backlog: number): number {
  try {
    return listenOn(
      'path' in target ? encodeUnixAddress(target.path) : encodeIpAddress(target.address, target.port),
      backlog,
    );
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause;
    throw new ListenError(cause.message, cause.errno, { cause });
  }
}

function removeSocketFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody has removed or replaced it already; it is not ours to miss.
  }
}
