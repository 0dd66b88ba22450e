import { onlyOptions, positiveTime } from '../option-checks.ts';
import { ClientTimers } from './client-timers.ts';
import { type ClientDeadlines, type SessionLimits, shortestTimeoutMs } from './limits.ts';
import type { Reply } from './reply.ts';
import type { SessionHost } from './session-host.ts';
import type { Waker } from './session-port.ts';

const limitOf = {
  idleMs: 'idleTimeoutMs',
  idleWhenFullMs: 'idleTimeoutWhenFullMs',
  frameMs: 'frameTimeoutMs',
  writeMs: 'writeTimeoutMs',
  handlerMs: 'handlerTimeoutMs',
  sessionMs: 'maxSessionMs',
} as const satisfies Record<keyof ClientDeadlines, keyof SessionLimits>;

/** How a session ends when one of its deadlines passes. */
export type Deadline = 'max-session' | 'write-timeout' | 'handler-timeout' | 'frame-timeout' | 'idle';

/** How soon a silent client is checked again when the line may have grown meanwhile. */
const LINE_CHECK_INTERVAL_MS = 100;
/** How much longer a final reply may take to be sent when `maxSessionMs` has passed. */
const FLUSH_TIME_MS = 1_000;
/** While there is something to send, progress is checked this often within the time-out: a client is cut at most this part of it late. */
const PROGRESS_CHECKS_PER_TIMEOUT = 4;

const never = Number.POSITIVE_INFINITY;

/** What decides which deadlines of a session run. */
export interface TimedSession {
  readonly waker: Waker | undefined;
  readonly openedAt: number;
  /** Whether its final reply is written, and what is left is only to be sent. */
  readonly flushing: boolean;
  readonly hasOutgoing: boolean;
  /** Whether the client waits for no answer and has begun no message. */
  readonly idle: boolean;
  /** Since when a handler, or a file, has been waited for. */
  pendingSince(): number | undefined;
  /** How many bytes the other side has certainly received; undefined where that is not known. */
  acknowledged(): number | undefined;
}

/** A time at which a session is to be looked at: a deadline, or, without a reason, a time to check again. */
type Row = { readonly reason?: Deadline; at(times: Deadlines, now: number): number };

/** The times of one session: what happened last, and which deadlines follow from that. */
export class Deadlines {
  /** When the client was last active, as far as its silence is concerned. */
  activeAt: number;
  /** When it last took something of what it is sent. */
  progressAt: number;
  /** When the frame that is incomplete was begun. */
  frameSince: number | undefined;
  /** The timers that the protocol has set. */
  timers: ClientTimers | undefined;
  readonly #host: SessionHost;
  readonly #session: TimedSession;
  #limits: SessionLimits;
  #shortestTimeoutMs: number;
  #acknowledged = 0;
  #nextTickAt = never;

  constructor(host: SessionHost, session: TimedSession) {
    this.#host = host;
    this.#session = session;
    this.#limits = host.limits;
    this.#shortestTimeoutMs = host.shortestTimeoutMs;
    this.activeAt = this.progressAt = host.clock.now;
  }

  /** Of several deadlines that have passed the first in this table counts; the next tick is due at the earliest of all its times. */
  static readonly #table: readonly Row[] = [
    {
      reason: 'max-session',
      at: (times) =>
        times.#session.openedAt + times.#limits.maxSessionMs + (times.#session.flushing ? FLUSH_TIME_MS : 0),
    },
    {
      reason: 'write-timeout',
      at: (times) => (times.#session.hasOutgoing ? times.progressAt + times.#writeTimeoutMs : never),
    },
    {
      reason: 'handler-timeout',
      at: (times) => (times.#session.pendingSince() ?? never) + times.#limits.handlerTimeoutMs,
    },
    {
      reason: 'frame-timeout',
      at: (times) => (times.frameSince ?? never) + times.#whenFull(times.#limits.frameTimeoutMs),
    },
    {
      reason: 'idle',
      at: (times) => (times.#session.idle ? times.activeAt + times.idleTimeoutMs : never),
    },
    { at: (times, now) => (times.#session.hasOutgoing ? times.#progressCheckAt(now) : never) },
    { at: (times, now) => times.#lineCheckAt(now) },
    { at: (times) => times.timers?.nextAt ?? never },
    // Whatever begins meanwhile cannot pass before the shortest of the time-outs.
    { at: (times, now) => now + times.#shortestTimeoutMs },
  ];

  /** How long the client may be silent: the shorter time while others wait. */
  get idleTimeoutMs(): number {
    return this.#whenFull(this.#limits.idleTimeoutMs);
  }

  /** Changes some of them for this client. @throws OptionError for one that is not a time, or an unknown one */
  set(given: ClientDeadlines): void {
    onlyOptions('deadlines', given, Object.keys(limitOf));
    const own: Record<string, number> = {};
    for (const [name, value] of Object.entries(given)) {
      const limit = limitOf[name as keyof ClientDeadlines];
      own[limit] = value === undefined ? this.#host.limits[limit] : positiveTime(`deadlines: ${name}`, value);
    }
    this.#limits = { ...this.#limits, ...own };
    this.#shortestTimeoutMs = shortestTimeoutMs(this.#limits);
    this.#tickBy(this.#next(this.#host.clock.now));
  }

  /** @returns a function that cancels it. @throws OptionError as `client.setTimeout` does */
  setTimer(callback: () => Reply, delayMs: number): () => void {
    this.timers ??= new ClientTimers();
    const cancel = this.timers.set(callback, delayMs, this.#host.clock.now);
    this.#tickBy(this.timers.nextAt);
    return cancel;
  }

  /** From now on the client has to take something. */
  beginSending(): void {
    const { now } = this.#host.clock;
    this.progressAt = now;
    this.#tickBy(this.#progressCheckAt(now));
  }

  /** The first deadline that has passed; {@link schedule} must follow. */
  passed(now: number): Deadline | undefined {
    this.#nextTickAt = never;
    this.#noteProgress(now);
    return Deadlines.#table.find(({ reason, at }) => reason !== undefined && now >= at(this, now))?.reason;
  }

  /** @returns when the next tick is due, so that no deadline passes unnoticed */
  schedule(now: number): number {
    this.#nextTickAt = this.#next(now);
    return this.#nextTickAt;
  }

  #next(now: number): number {
    return Deadlines.#table.reduce((next, row) => Math.min(next, row.at(this, now)), never);
  }

  #tickBy(at: number): void {
    if (at >= this.#nextTickAt) return;
    this.#nextTickAt = at;
    this.#session.waker?.tickBy(at);
  }

  get #writeTimeoutMs(): number {
    return this.#whenFull(this.#limits.writeTimeoutMs);
  }

  #progressCheckAt(now: number): number {
    return now + this.#writeTimeoutMs / PROGRESS_CHECKS_PER_TIMEOUT;
  }

  /** The session is not notified when the line grows, which shortens its time-outs. */
  #lineCheckAt(now: number): number {
    const { idleTimeoutWhenFullMs } = this.#limits;
    if (idleTimeoutWhenFullMs === never || this.#session.flushing) return never;
    const tookNothingSince = this.#session.hasOutgoing ? this.progressAt : now;
    const silentSince = Math.min(this.activeAt, this.frameSince ?? now, tookNothingSince);
    return Math.max(silentSince + idleTimeoutWhenFullMs, now + LINE_CHECK_INTERVAL_MS);
  }

  /** While others wait in line, no client may keep the server waiting for longer than `idleTimeoutWhenFullMs`. */
  #whenFull(timeoutMs: number): number {
    const { idleTimeoutWhenFullMs } = this.#limits;
    const shortened = idleTimeoutWhenFullMs < timeoutMs && this.#host.server.waitingClients > 0;
    return shortened ? idleTimeoutWhenFullMs : timeoutMs;
  }

  /** What the kernel has taken may still wait there for a client that reads nothing. */
  #noteProgress(now: number): void {
    const acknowledged = this.#session.hasOutgoing ? this.#session.acknowledged() : undefined;
    if (acknowledged === undefined || acknowledged <= this.#acknowledged) return;
    this.#acknowledged = acknowledged;
    this.progressAt = now;
  }
}
