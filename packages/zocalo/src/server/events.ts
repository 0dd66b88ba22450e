import { AsyncResource } from 'node:async_hooks';
import { didYouMean } from '../closest-name.ts';
import { OptionError } from '../errors.ts';
import { mustBe, shown } from '../option-checks.ts';
import type { CloseReason } from '../session/close-reason.ts';
import type { RefusalCause } from '../session/refusal-cause.ts';
import { plainError } from '../workers/worker-messages.ts';

/** Which client an event is about; `dialect` where the service has several. */
export type ClientRef = {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly dialect?: string;
};

/** Everything a server reports. Times are in milliseconds, sizes in bytes. */
export type ServerEvent =
  /** Once for each endpoint. */
  | { type: 'listening'; protocol: string; dialect?: string; model: string; address: string }
  | { type: 'accepted'; client: ClientRef }
  | { type: 'waiting'; client: ClientRef; place: number }
  | { type: 'refused'; client: ClientRef; cause: RefusalCause; waitedMs: number }
  | { type: 'opened'; client: ClientRef; waitedMs: number }
  | { type: 'message'; client: ClientRef }
  | {
      type: 'closed';
      client: ClientRef;
      reason: CloseReason;
      messages: number;
      bytesIn: number;
      bytesOut: number;
      durationMs: number;
    }
  /** A handler failed (then there is a client), or accepting did (then there is none, and it is tried again). */
  | { type: 'error'; client: ClientRef | undefined; error: unknown }
  /** The model that was asked for cannot run here, for the reason given; `model` serves in its place. */
  | { type: 'fallback'; model: string; error: Error }
  /** A sentence of the service for its operator. */
  | { type: 'notice'; message: string }
  /** A worker of a fixed number is ready to serve: at the start, or in the place of one that died. */
  | { type: 'worker-started'; worker: string }
  /** A worker died, and `clients` with it; another is started after `restartMs` milliseconds, unless each client has one of its own. */
  | { type: 'worker-died'; worker: string; error: Error; clients: number; restartMs: number | undefined }
  | { type: 'draining'; active: number; waiting: number; timeoutMs: number }
  | { type: 'stopped'; cut: number };

export type ServerEventType = ServerEvent['type'];
export type EventOf<Type extends ServerEventType> = Extract<ServerEvent, { type: Type }>;
type Subscriber = (event: ServerEvent) => void;

/** Every type has its line here, or this does not compile. */
const types: Readonly<Record<ServerEventType, true>> = {
  listening: true,
  accepted: true,
  waiting: true,
  refused: true,
  opened: true,
  message: true,
  closed: true,
  error: true,
  fallback: true,
  notice: true,
  'worker-started': true,
  'worker-died': true,
  draining: true,
  stopped: true,
};

/**
 * Where a server's events can be subscribed to. A subscriber that throws, or whose promise is rejected, is reported as a process warning and
 * disturbs neither the server nor other subscribers. The first `error`, and the first `worker-died`, to which there is no subscriber is a process
 * warning as well.
 */
export interface ServerEvents {
  /** Calls `subscriber` at every event of a type. @returns a function that ends the subscription. @throws OptionError */
  on<Type extends ServerEventType>(type: Type, subscriber: (event: EventOf<Type>) => void): () => void;
}

export class EventEmitter implements ServerEvents {
  /** Subscribers are called in the context in which the server was made, whatever led to the event. */
  readonly context = new AsyncResource('zocalo.server');
  readonly #subscribers = new Map<ServerEventType, Set<Subscriber>>();
  readonly #warnedTypes = new Set<ServerEventType>();
  readonly #onFirstMessageSubscriber: () => void;

  /** @param onFirstMessageSubscriber called once, when `message` events are first asked for: until then they cost nothing */
  constructor(onFirstMessageSubscriber: () => void) {
    this.#onFirstMessageSubscriber = onFirstMessageSubscriber;
  }

  on<Type extends ServerEventType>(type: Type, subscriber: (event: EventOf<Type>) => void): () => void {
    if (!Object.hasOwn(types, type)) {
      throw new OptionError(
        `there is no event ${shown(type)}${didYouMean(String(type), Object.keys(types))}`,
      );
    }
    if (typeof subscriber !== 'function') throw mustBe(`the subscriber of ${type}`, 'a function', subscriber);
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

  /** An event without subscribers need not be made. */
  hasSubscribers(type: ServerEventType): boolean {
    return (this.#subscribers.get(type)?.size ?? 0) > 0;
  }

  /** Calls the subscribers of an event. */
  emit(event: ServerEvent): void {
    const subscribers = this.#subscribers.get(event.type);
    if (subscribers === undefined || subscribers.size === 0) {
      this.#warnOnce(event);
      return;
    }
    for (const subscriber of subscribers) {
      try {
        const returned: unknown = this.context.runInAsyncScope(subscriber, undefined, event);
        if (returned instanceof Promise) returned.catch((error: unknown) => warn(event, error));
      } catch (error) {
        warn(event, error);
      }
    }
  }

  /** A failure without a subscriber is a warning once, or the author of a first handler would not know why its clients are closed. */
  #warnOnce(event: ServerEvent): void {
    if ((event.type !== 'error' && event.type !== 'worker-died') || this.#warnedTypes.has(event.type)) return;
    // What clients make of TLS is no fault of a handler.
    if ((event.error as { code?: unknown } | undefined)?.code === 'ERR_TLS') return;
    this.#warnedTypes.add(event.type);
    const hint = `This warning is given once; server.events.on('${event.type}', ({ error }) => ...) reports each.`;
    const { stack } = plainError(event.error);
    process.emitWarning(`${failure(event)}. ${hint}`, {
      type: 'ZocaloWarning',
      ...(stack === undefined ? {} : { detail: stack }),
    });
  }
}

/** What went wrong, in a sentence; it never throws itself, whatever was thrown. */
function failure({ type, error, ...event }: EventOf<'error' | 'worker-died'>): string {
  const { name, message } = plainError(error);
  if (type === 'worker-died') return message;
  const client = 'client' in event ? event.client : undefined;
  const what = client === undefined ? 'accepting failed' : `a handler failed (client ${client.id})`;
  return `${what}: ${name}: ${message}`;
}

function warn({ type }: ServerEvent, error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { detail: `a subscriber to ${type}` });
}
