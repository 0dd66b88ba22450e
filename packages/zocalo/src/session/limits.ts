import { positiveTime, whole } from '../option-checks.ts';

/** What bounds one conversation. Times are in milliseconds, `Infinity` for none; sizes in bytes. */
export type SessionLimits = {
  /** Output above which no more is pulled from a reply, no message is begun and nothing is read. Default 65,536. */
  readonly highWater: number;
  /** How many bytes of unsolicited messages may already wait for a client when more is sent. Default 1 MiB. */
  readonly maxUnsolicited: number;
  /** How many messages of one client are begun before others have their turn. Default 64. */
  readonly messagesPerTurn: number;
  /** The longest time without a byte from a client that waits for no answer. Default 5 min. */
  readonly idleTimeoutMs: number;
  /**
   * The same while others wait in line, since such silence keeps them out; then also the longest time for a frame, and the longest in
   * which a client takes nothing. Default none.
   */
  readonly idleTimeoutWhenFullMs: number;
  /** The longest time from the first byte of a frame to its last. Default 30 s. */
  readonly frameTimeoutMs: number;
  /**
   * The longest time in which a client takes nothing of what it is sent: acknowledges nothing, where the system reports that. It is closed at most
   * a quarter of it late. Default 30 s.
   */
  readonly writeTimeoutMs: number;
  /** The longest wait for a handler's promise, or for the next piece of its reply. Default 60 s. */
  readonly handlerTimeoutMs: number;
  /** The longest conversation; what is to be flushed by then has one more second. Default none. */
  readonly maxSessionMs: number;
};

export const defaultSessionLimits: SessionLimits = {
  highWater: 65_536,
  maxUnsolicited: 1_048_576,
  messagesPerTurn: 64,
  idleTimeoutMs: 300_000,
  idleTimeoutWhenFullMs: Number.POSITIVE_INFINITY,
  frameTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  handlerTimeoutMs: 60_000,
  maxSessionMs: Number.POSITIVE_INFINITY,
};

export const limitNames = Object.keys(defaultSessionLimits) as readonly (keyof SessionLimits)[];

/** Limits that are numbers of something; the others are times. */
const counts: readonly (keyof SessionLimits)[] = ['highWater', 'maxUnsolicited', 'messagesPerTurn'];

/**
 * The limits that are given, and the defaults of the others; what else the options hold is passed over.
 * @throws OptionError for the first limit that cannot be used
 */
export function resolveLimits(options: Partial<SessionLimits>): SessionLimits {
  const resolved: Record<string, number> = {};
  for (const name of limitNames) {
    const { [name]: value = defaultSessionLimits[name] } = options;
    resolved[name] = counts.includes(name) ? whole(name, value, 1) : positiveTime(name, value);
  }
  return resolved as SessionLimits;
}

/** The deadlines of one client that its protocol has set otherwise than the server: in milliseconds, `Infinity` for none. */
export type ClientDeadlines = {
  /** As `idleTimeoutMs`. */
  idleMs?: number | undefined;
  /** As `idleTimeoutWhenFullMs`. */
  idleWhenFullMs?: number | undefined;
  /** As `frameTimeoutMs`. */
  frameMs?: number | undefined;
  /** As `writeTimeoutMs`. */
  writeMs?: number | undefined;
  /** As `handlerTimeoutMs`. */
  handlerMs?: number | undefined;
  /** As `maxSessionMs`, from the beginning of the conversation. */
  sessionMs?: number | undefined;
};

/** The shortest of the deadlines: looking at a session this often, none passes unseen. */
export function shortestTimeoutMs(limits: SessionLimits): number {
  return Math.min(
    limits.idleTimeoutMs,
    limits.idleTimeoutWhenFullMs,
    limits.frameTimeoutMs,
    limits.writeTimeoutMs,
    limits.handlerTimeoutMs,
    limits.maxSessionMs,
  );
}
