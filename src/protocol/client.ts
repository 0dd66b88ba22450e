import type { ServerStats } from './server-stats.ts';

/** Who and where a client is; known before its conversation begins. */
export type ClientIdentity = {
  /** Counts up from 1 in the order in which the server accepted. */
  readonly id: number;
  /** The numeric IP address; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** 0 for a Unix socket. */
  readonly remotePort: number;
  /** 0 for a Unix socket. */
  readonly localPort: number;
  /** What it speaks: the name of the protocol, or of the dialect where a service has several. */
  readonly dialect: string;
};

/** What a protocol may know of the server it runs in. */
export interface House {
  /** How many clients are in now. */
  readonly activeClients: number;
  /** How many clients wait in line now. */
  readonly waitingClients: number;
  /** What the server has done; undefined in a worker, which does not know it. */
  stats(): ServerStats | undefined;
}

/** What a client needs of its session; implemented there. */
export interface Speaker {
  send(bytes: string | Uint8Array): boolean;
  end(): void;
  readonly signal: AbortSignal;
}

/** One client, as its protocol sees it. */
export class Client<State = undefined> {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly dialect: string;
  /** The server this client is in. */
  readonly house: House;
  /** What the protocol keeps about this client; made by `Protocol.state`. */
  state: State;
  readonly #speaker: Speaker;

  constructor(identity: ClientIdentity, house: House, state: State, speaker: Speaker) {
    this.id = identity.id;
    this.remoteAddress = identity.remoteAddress;
    this.remotePort = identity.remotePort;
    this.localPort = identity.localPort;
    this.dialect = identity.dialect;
    this.house = house;
    this.state = state;
    this.#speaker = speaker;
  }

  /**
   * Sends words that nobody asked for. They go out at once, or after the answer that is being written: never inside it.
   * @returns whether the client's output still has room; a client that lets more than `maxUnasked` bytes pile up is
   *   closed with the reason `overflow`. After the end of the conversation nothing is sent and the result is false.
   */
  send(bytes: string | Uint8Array): boolean {
    return this.#speaker.send(bytes);
  }

  /** Ends the conversation after the answers in progress; messages that came after them are not answered. */
  end(): void {
    this.#speaker.end();
  }

  /** Aborts when the conversation is over, however it ends; `signal.reason` is the close reason. */
  get signal(): AbortSignal {
    return this.#speaker.signal;
  }
}
