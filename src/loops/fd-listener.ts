import { unlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { ListenError, SystemCallError } from '../errors.ts';
import { errno, lastError } from '../sys/libc.ts';
import { AF_UNIX, encodeIpAddress, encodeUnixAddress } from '../sys/socket-address.ts';
import { accept, acceptedAddress, close, disableNagle, listenOn, localAddress } from '../sys/sockets.ts';
import { FdSocket } from './fd-socket.ts';
import {
  ACCEPT_BUDGET,
  ACCEPT_PAUSE,
  type DescriptorOwner,
  type Listener,
  type ListenerEvents,
  type ListenTarget,
} from './loop.ts';
import { READABLE } from './poller.ts';
import type { Waiter, Watched } from './waiter.ts';

const { EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM } = constants.errno;
/** Failures of the machine, not of one connection: trying again at once would spin. */
const EXHAUSTION: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);

/** A listening descriptor, watched by a reactor like any other. */
export class FdListener implements Listener, Watched, DescriptorOwner {
  readonly fd: number;
  readonly target: ListenTarget;
  generation = 0;
  readonly #waiter: Waiter;
  readonly #events: ListenerEvents<FdSocket>;
  readonly #port: number;
  #paused = false;
  #pause: number = ACCEPT_PAUSE.first;
  #retry: NodeJS.Timeout | undefined;

  /** @throws ListenError when the address cannot be listened on */
  constructor(target: ListenTarget, backlog: number, waiter: Waiter, events: ListenerEvents<FdSocket>) {
    this.fd = open(target, backlog);
    this.#waiter = waiter;
    this.#events = events;
    const local = localAddress(this.fd);
    this.#port = local.port;
    this.target = local.family === AF_UNIX ? target : { address: local.address, port: local.port };
    waiter.watch(this, READABLE);
  }

  pause(): void {
    this.#paused = true;
    this.#update();
  }

  resume(): void {
    this.#paused = false;
    this.#update();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#paused = true;
    this.#waiter.unwatch(this);
    close(this.fd);
    if ('path' in this.target) removeSocketFile(this.target.path);
  }

  /** A descriptor comes free: what failed for want of one is tried again. */
  release(fd: number): void {
    close(fd);
    if (this.#retry !== undefined) this.#tryAgain();
  }

  onReady(): void {
    for (let i = 0; i < ACCEPT_BUDGET && !this.#paused; i++) {
      const fd = accept(this.fd);
      if (fd < 0) {
        const number = errno();
        if (number === EAGAIN) return;
        if (EXHAUSTION.has(number)) {
          this.#exhausted(lastError('accept'));
          return;
        }
        // What accept(2) reports of one connection that failed before it was accepted: the next one may be fine.
        continue;
      }
      this.#pause = ACCEPT_PAUSE.first;
      const remote = acceptedAddress();
      if (remote.family !== AF_UNIX) disableNagle(fd);
      this.#events.onSocket(new FdSocket(fd, remote.address, remote.port, this.#port, this));
    }
  }

  #exhausted(error: Error): void {
    this.#retry = setTimeout(() => this.#tryAgain(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, ACCEPT_PAUSE.longest);
    this.#update();
    this.#events.onAcceptError(error);
  }

  #tryAgain(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#update();
  }

  #update(): void {
    this.#waiter.change(this, this.#paused || this.#retry !== undefined ? 0 : READABLE);
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
