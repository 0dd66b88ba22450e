import { type Group, Groups } from '../session/groups.ts';
import type { ServerInfo } from '../session/server-info.ts';

/** What stands in for a server, as the protocols of its clients see it. Several conversations may be held in one. */
export class MemoryServerInfo implements ServerInfo {
  readonly groups = new Groups();
  readonly waitingClients: number;
  readonly #activeClients: number | undefined;
  readonly #loops = new Set<{ readonly idle: boolean }>();
  #entered = 0;
  #left = 0;

  /** @param activeClients how many are in, whatever happens; undefined: how many conversations go on */
  constructor({ activeClients, waitingClients = 0 }: Partial<ServerInfo> = {}) {
    this.#activeClients = activeClients;
    this.waitingClients = waitingClients;
  }

  get activeClients(): number {
    return this.#activeClients ?? this.#entered - this.#left;
  }

  stats(): undefined {}

  group(name: string): Group {
    return this.groups.group(name);
  }

  /** The next client enters. @returns its number */
  addClient(): number {
    return ++this.#entered;
  }

  removeClient(): void {
    this.#left++;
  }

  /** Whether nothing more happens in any of its conversations: a message of one client may reach another. */
  get idle(): boolean {
    for (const { idle } of this.#loops) if (!idle) return false;
    return true;
  }

  watch(loop: { readonly idle: boolean }): void {
    this.#loops.add(loop);
  }
}
