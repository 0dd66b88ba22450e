import type { GroupOwner } from '../session/groups.ts';
import { encodeMessage } from './channel.ts';
import type { GroupMessage } from './worker-messages.ts';

/** The longest part of a group message: a message between workers is bounded (`MAX_MESSAGE_SIZE`), and has a name before it. */
const MAX_PART_BYTES = 60_000;

/** A group message as messages between workers: as many as it takes, one after the other. */
export function encodeGroupMessage(group: string, bytes: Uint8Array, except: number | undefined): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += MAX_PART_BYTES) {
    const message: GroupMessage = {
      type: 'group-message',
      group,
      ...(except === undefined ? {} : { except }),
      ...(at + MAX_PART_BYTES < bytes.length ? { more: true } : {}),
    };
    parts.push(encodeMessage(message, bytes.subarray(at, at + MAX_PART_BYTES)));
  }
  return parts;
}

/** Puts what comes in parts together. */
export class GroupMessageAssembler {
  #parts: Uint8Array[] = [];

  /** @returns the whole, with its last part */
  add({ more }: GroupMessage, payload: Buffer): Buffer | undefined {
    this.#parts.push(payload);
    if (more === true) return undefined;
    const whole = this.#parts.length === 1 ? payload : Buffer.concat(this.#parts);
    this.#parts = [];
    return whole;
  }
}

/** A worker as far as groups go: how many members it has reported of each, and how it is sent what is for them. */
type GroupWorker = {
  readonly members: ReadonlyMap<string, number>;
  sendToGroup(group: string, parts: readonly Uint8Array[]): void;
};

/** Groups whose members are in several workers. */
export class GroupRelay implements GroupOwner {
  readonly #workers: ReadonlyMap<number, GroupWorker>;

  constructor(workers: ReadonlyMap<number, GroupWorker>) {
    this.#workers = workers;
  }

  sizeOf(group: string): number {
    let size = 0;
    for (const { members } of this.#workers.values()) size += members.get(group) ?? 0;
    return size;
  }

  sendTo(group: string, bytes: Uint8Array, except: number | undefined): void {
    this.relay(group, bytes, except, undefined);
  }

  /** Every worker but the sender gets it, also one that has reported no member: the report may be on its way behind that of another. */
  relay(group: string, bytes: Uint8Array, except: number | undefined, sender: GroupWorker | undefined): void {
    const parts = encodeGroupMessage(group, bytes, except);
    for (const worker of this.#workers.values()) if (worker !== sender) worker.sendToGroup(group, parts);
  }
}
