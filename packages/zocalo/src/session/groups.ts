import { mustBe, onlyOptions, whole } from '../option-checks.ts';
import { bytesOf } from './reply.ts';

/** The longest name of a group, in characters: it travels with every message between workers. */
const MAX_NAME_LENGTH = 256;

export type GroupSendOptions = {
  /** A client that is left out, usually the sender. Anything with the `id` of a client will do. */
  readonly except?: { readonly id: number } | undefined;
};

/**
 * Clients of one server under a name, for messages to all of them. Clients join with `client.join(name)` and leave with
 * `client.leave(name)`, or when their conversation ends. A group exists while it has a member: nothing creates or closes it.
 */
export interface Group {
  readonly name: string;
  /**
   * How many clients are in it. With workers the server knows it as of what they have reported; a worker does not know the
   * clients of the others, and there it is undefined.
   */
  readonly size: number | undefined;
  /**
   * Sends a message to all clients in the group, as `client.send` does to one: encoded once, and never inside an answer. A client that
   * already has too much waiting (`maxUnsolicited`) is closed with the reason `overflow`; the others are not affected. Messages of one
   * handler arrive everywhere in the order in which they were sent. Bytes must not be changed afterwards.
   * @throws ReplyError for something else than text or bytes; OptionError for `except` that is no client
   */
  send(message: string | Uint8Array, options?: GroupSendOptions): void;
}

/** Knows the members of groups, and delivers to them. */
export interface GroupOwner {
  sizeOf(name: string): number | undefined;
  /** @param except the id of a client that is left out; undefined for none */
  sendTo(name: string, bytes: Uint8Array, except: number | undefined): void;
}

/** A group by its name. @throws OptionError for a name that is empty, too long, or no text */
export function groupOf(owner: GroupOwner, name: string): Group {
  checkName(name);
  return {
    name,
    get size() {
      return owner.sizeOf(name);
    },
    send(message, options) {
      if (options !== undefined) onlyOptions('send to a group', options, ['except']);
      const except = options?.except;
      if (except !== undefined) whole('except: the id of the client', except?.id, 0);
      const bytes = bytesOf(message, 'what is sent to a group');
      if (bytes.length > 0) owner.sendTo(name, bytes, except?.id);
    },
  };
}

export function isGroupName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name.length <= MAX_NAME_LENGTH;
}

function checkName(name: unknown): void {
  if (isGroupName(name)) return;
  throw mustBe('the name of a group', `a string of 1 to ${MAX_NAME_LENGTH} characters`, name);
}

/** A session, as a member of groups. */
export interface Member {
  readonly client: { readonly id: number };
  send(bytes: Uint8Array): boolean;
  /** Ends the conversation with the reason `overflow`. */
  overflow(): void;
}

/** The other workers of a server: they receive what is sent to a group here, and how many members it has here. */
export interface OtherWorkers {
  sendTo(name: string, bytes: Uint8Array, except: number | undefined): void;
  counted(name: string, size: number): void;
}

type Message = { readonly name: string; readonly bytes: Uint8Array; readonly except: number | undefined };

/** The groups of the clients that one worker serves. */
export class Groups implements GroupOwner {
  readonly #members = new Map<string, Set<Member>>();
  readonly #groupsOf = new Map<Member, Set<string>>();
  readonly #others: OtherWorkers | undefined;
  /** Messages that wait for the one that is being delivered; undefined while none is. */
  #queued: Message[] | undefined;

  /** @param others undefined where all clients are served here */
  constructor(others?: OtherWorkers) {
    this.#others = others;
  }

  group(name: string): Group {
    return groupOf(this, name);
  }

  /** @throws OptionError for a name that cannot be one */
  join(name: string, member: Member): void {
    checkName(name);
    const members = this.#members.get(name) ?? new Set();
    if (members.has(member)) return;
    members.add(member);
    this.#members.set(name, members);
    const groups = this.#groupsOf.get(member) ?? new Set();
    this.#groupsOf.set(member, groups.add(name));
    this.#others?.counted(name, members.size);
  }

  leave(name: string, member: Member): void {
    const groups = this.#groupsOf.get(member);
    if (groups?.delete(name) !== true) return;
    if (groups.size === 0) this.#groupsOf.delete(member);
    this.#remove(name, member);
  }

  /** A member's conversation is over. */
  leaveAll(member: Member): void {
    const groups = this.#groupsOf.get(member);
    if (groups === undefined) return;
    this.#groupsOf.delete(member);
    for (const name of groups) this.#remove(name, member);
  }

  sizeOf(name: string): number | undefined {
    return this.#others === undefined ? (this.#members.get(name)?.size ?? 0) : undefined;
  }

  sendTo(name: string, bytes: Uint8Array, except: number | undefined): void {
    this.#others?.sendTo(name, bytes, except);
    this.deliver(name, bytes, except);
  }

  /** Sends to the members that are served here. */
  deliver(name: string, bytes: Uint8Array, except: number | undefined): void {
    // A member that overflows is closed, and its protocol may then send to the same group: every member gets that after this message.
    if (this.#queued !== undefined) {
      this.#queued.push({ name, bytes, except });
      return;
    }
    const messages: Message[] = [{ name, bytes, except }];
    this.#queued = messages;
    try {
      for (const message of messages) {
        for (const member of this.#members.get(message.name) ?? []) {
          if (member.client.id !== message.except) member.send(message.bytes);
        }
      }
    } finally {
      this.#queued = undefined;
    }
  }

  /** A message to a group was lost on its way here: a member that missed it must not go on as if it had not been sent. */
  missed(name: string): void {
    for (const member of [...(this.#members.get(name) ?? [])]) member.overflow();
  }

  #remove(name: string, member: Member): void {
    const members = this.#members.get(name);
    if (members === undefined) return;
    members.delete(member);
    if (members.size === 0) this.#members.delete(name);
    this.#others?.counted(name, members.size);
  }
}
