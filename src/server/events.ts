import type { CloseReason } from '../protocol/close-reason.ts';
import type { RefusalCause } from '../protocol/refusal-cause.ts';

/** Which client an event is about; `dialect` where the service has several. */
export type ClientRef = {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly dialect?: string;
};

/** Everything a server reports. Times are in milliseconds, sizes in bytes. */
export type ServerEvent =
  /** Told of each door. */
  | { type: 'listening'; protocol: string; dialect?: string; model: string; address: string }
  | { type: 'accepted'; client: ClientRef }
  | { type: 'waiting'; client: ClientRef; place: number }
  | { type: 'refused'; client: ClientRef; cause: RefusalCause; waited: number }
  | { type: 'opened'; client: ClientRef; waited: number }
  | { type: 'message'; client: ClientRef }
  | {
      type: 'closed';
      client: ClientRef;
      reason: CloseReason;
      messages: number;
      bytesIn: number;
      bytesOut: number;
      duration: number;
    }
  /** A handler failed (then there is a client), or accepting did (then there is none, and it is tried again). */
  | { type: 'error'; client: ClientRef | undefined; error: unknown }
  /** The model that was asked for cannot run here, for the reason given; `model` serves in its place. */
  | { type: 'fallback'; model: string; error: Error }
  /** A worker of a fixed number is ready to serve: at the start, or in the place of one that died. */
  | { type: 'worker-started'; worker: string }
  /** A worker died, and `clients` with it; another is started after `restart` milliseconds, unless each client has one of its own. */
  | { type: 'worker-died'; worker: string; error: Error; clients: number; restart: number | undefined }
  | { type: 'draining'; active: number; waiting: number; timeout: number }
  | { type: 'stopped'; cut: number };

export type ServerEventType = ServerEvent['type'];
export type EventOf<Type extends ServerEventType> = Extract<ServerEvent, { type: Type }>;
type Subscriber = (event: ServerEvent) => void;

/**
 * Where a server's events can be heard. A subscriber that throws is reported as a process warning and disturbs neither the
 * server nor other subscribers.
 */
export class ServerEvents {
  readonly #subscribers = new Map<ServerEventType, Set<Subscriber>>();
  readonly #onFirstMessageSubscriber: () => void;

  /** @param onFirstMessageSubscriber called once, when `message` events are first asked for: until then they cost nothing */
  constructor(onFirstMessageSubscriber: () => void) {
    this.#onFirstMessageSubscriber = onFirstMessageSubscriber;
  }

  /** Calls `subscriber` at every event of a type. @returns a function that ends the subscription */
  on<Type extends ServerEventType>(type: Type, subscriber: (event: EventOf<Type>) => void): () => void {
    let subscribers = this.#subscribers.get(type);
    if (subscribers === undefined) {
      subscribers = new Set();
      this.#subscribers.set(type, subscribers);
      if (type === 'message') this.#onFirstMessageSubscriber();
    }
    const entry = subscriber as Subscriber;
    subscribers.add(entry);
    return () => subscribers.delete(entry);
  }

  /** Whether anybody listens to a type: an event that nobody hears need not be made. */
  heard(type: ServerEventType): boolean {
    return this.#subscribers.has(type);
  }

  /** Tells the subscribers of an event. */
  emit(event: ServerEvent): void {
    const subscribers = this.#subscribers.get(event.type);
    if (subscribers === undefined) return;
    for (const subscriber of subscribers) {
      try {
        subscriber(event);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error), {
          detail: `a subscriber to ${event.type}`,
        });
      }
    }
  }
}
