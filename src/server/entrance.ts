import { ListenError } from '../errors.ts';
import type { AcceptedSocket, Listener, ListenTarget, Loop } from '../loops/loop.ts';
import type { ServerAddress } from '../protocol/server-address.ts';
import type { Door } from './doors.ts';
import { removeStaleSocket } from './stale-socket.ts';

/** What the doors of a server tell it. */
export interface EntranceOwner {
  arrived(socket: AcceptedSocket, door: Door): void;
  acceptFailed(error: Error): void;
}

/** The doors of a server, as they listen. */
export class Entrance {
  readonly #doors: readonly Door[];
  readonly #loop: Loop;
  readonly #owner: EntranceOwner;
  readonly #listeners: Listener[] = [];
  readonly #addresses: Record<string, ServerAddress> = {};

  constructor(doors: readonly Door[], loop: Loop, owner: EntranceOwner) {
    this.#doors = doors;
    this.#loop = loop;
    this.#owner = owner;
  }

  /** Where they listen, by dialect, in order. */
  get addresses(): Readonly<Record<string, ServerAddress>> {
    return this.#addresses;
  }

  /** Opens all doors. @throws ListenError for the first that cannot be opened */
  async open(): Promise<void> {
    for (const door of this.#doors) {
      const listener = await this.#listen(door).catch((error: unknown) => {
        if (error instanceof ListenError) error.door = door.dialect;
        throw error;
      });
      this.#listeners.push(listener);
      const { target } = listener;
      this.#addresses[door.dialect] =
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
  async #listen(door: Door): Promise<Listener> {
    const { target, backlog } = door;
    const listen = () =>
      this.#loop.listen(target, backlog, {
        onSocket: (socket) => this.#owner.arrived(socket, door),
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
