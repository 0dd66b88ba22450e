import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { ListenError } from '../errors.ts';
import type { AcceptedSocket, Listener, ListenTarget, Loop } from '../loops/loop.ts';
import { formatAddress, type ServerAddress } from '../session/server-info.ts';
import type { Endpoint } from './endpoints.ts';

/** What the listeners report to their server. */
export interface ListenersOwner {
  accepted(socket: AcceptedSocket, endpoint: Endpoint): void;
  acceptFailed(error: Error): void;
}

/** The endpoints of a server, as they listen. */
export class Listeners {
  readonly #endpoints: readonly Endpoint[];
  readonly #loop: Loop;
  readonly #owner: ListenersOwner;
  readonly #listeners: Listener[] = [];
  readonly #addresses: Record<string, ServerAddress> = {};

  constructor(endpoints: readonly Endpoint[], loop: Loop, owner: ListenersOwner) {
    this.#endpoints = endpoints;
    this.#loop = loop;
    this.#owner = owner;
  }

  /** Where they listen, by dialect, in order. */
  get addresses(): Readonly<Record<string, ServerAddress>> {
    return this.#addresses;
  }

  /** Opens all endpoints. @throws ListenError for the first that cannot be opened */
  async open(): Promise<void> {
    for (const endpoint of this.#endpoints) {
      const listener = await this.#listen(endpoint).catch((cause: unknown) => {
        if (!(cause instanceof ListenError)) throw cause;
        const { reason } = cause;
        const error = new ListenError(cannotListen(endpoint.target, reason), reason, { cause });
        error.endpoint = endpoint.dialect;
        throw error;
      });
      this.#listeners.push(listener);
      const { target } = listener;
      this.#addresses[endpoint.dialect] =
        'path' in target
          ? { host: '', port: 0, path: target.path }
          : { host: target.address, port: target.port, path: undefined };
    }
  }

  pause(): void {
    for (const listener of this.#listeners) listener.pause();
  }

  resume(): void {
    for (const listener of this.#listeners) listener.resume();
  }

  close(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  /** The file of a Unix socket that a killed server left behind is replaced. */
  async #listen(endpoint: Endpoint): Promise<Listener> {
    const { target, options } = endpoint;
    const listen = () =>
      this.#loop.listen(target, options, {
        onSocket: (socket) => this.#owner.accepted(socket, endpoint),
        onAcceptError: (error) => this.#owner.acceptFailed(error),
      });
    try {
      return await listen();
    } catch (error) {
      const inUse = error instanceof ListenError && error.reason === 'EADDRINUSE';
      if (!inUse || !(await isStale(target))) throw error;
      return listen();
    }
  }
}

async function isStale(target: ListenTarget): Promise<boolean> {
  return 'path' in target && removeStaleSocket(target.path);
}

/**
 * Removes the file of a Unix socket that a killed server has left behind.
 * @returns whether it did: a file that is no socket, or on which a server still listens, is left alone
 */
async function removeStaleSocket(path: string): Promise<boolean> {
  const file = await lstat(path).catch(() => undefined);
  if (file?.isSocket() !== true || !(await refuses(path))) return false;
  await unlink(path).catch(() => {});
  return true;
}

function refuses(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

/** Where, what is wrong there, and what to do. @param reason the system's symbolic error, as of bind(2) and unix(7) */
function cannotListen(target: ListenTarget, reason: string): string {
  const isPath = 'path' in target;
  const where = isPath
    ? target.path
    : formatAddress({ host: target.address, port: target.port, path: undefined });
  const { port, path } = whatIsWrong[reason] ?? { port: reason, path: reason };
  return `cannot listen on ${where}: ${isPath ? path : port}`;
}

const whatIsWrong: Readonly<Record<string, { readonly port: string; readonly path: string }>> = {
  EADDRINUSE: {
    port: 'the port is in use; stop what uses it, or choose another (0 takes any that is free)',
    path: 'the path is taken; remove the file if nothing listens there, or choose another path',
  },
  EADDRNOTAVAIL: both('this machine has no such address; 0.0.0.0 or :: stand for all that it has'),
  EACCES: {
    port: 'not permitted; a port below 1024 needs the privilege CAP_NET_BIND_SERVICE, or choose another',
    path: 'not permitted; the directory must be writable for this user, or choose another path',
  },
  EPERM: both('not permitted; the system forbids it for this program'),
  ENOENT: both('there is no such directory; make it, or choose another path'),
  EAFNOSUPPORT: both('this machine has no addresses of that family'),
};

function both(advice: string): { readonly port: string; readonly path: string } {
  return { port: advice, path: advice };
}
