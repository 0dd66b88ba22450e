/** What bounds one conversation. Times are in milliseconds, `Infinity` for none; sizes in bytes. */
export type SessionLimits = {
  /** Output above which no more is pulled from a reply, no message is begun and nothing is read. Default 65,536. */
  readonly highWater: number;
  /** How much of what was sent unasked may wait for a client that does not read. Default 1 MiB. */
  readonly maxUnasked: number;
  /** How many messages of one client are begun before others have their turn. Default 64. */
  readonly messagesPerTurn: number;
  /** The longest silence of a client that is owed nothing. Default 5 min. */
  readonly idleTimeout: number;
  /** The same while somebody waits in line: such silence keeps another out. Default none. */
  readonly crowdedIdleTimeout: number;
  /** The longest time from the first byte of a frame to its last. Default 30 s. */
  readonly frameTimeout: number;
  /** The longest time in which a client takes nothing of its answer. Default 30 s. */
  readonly writeTimeout: number;
  /** The longest wait for a handler's promise, or for the next piece of its reply. Default 60 s. */
  readonly handlerTimeout: number;
  /** The longest conversation. Default none. */
  readonly maxSession: number;
};

export const defaultSessionLimits: SessionLimits = {
  highWater: 65_536,
  maxUnasked: 1_048_576,
  messagesPerTurn: 64,
  idleTimeout: 300_000,
  crowdedIdleTimeout: Number.POSITIVE_INFINITY,
  frameTimeout: 30_000,
  writeTimeout: 30_000,
  handlerTimeout: 60_000,
  maxSession: Number.POSITIVE_INFINITY,
};

/** The shortest of the deadlines: looking at a session this often, none passes unseen. */
export function shortestTimeout(limits: SessionLimits): number {
  return Math.min(
    limits.idleTimeout,
    limits.crowdedIdleTimeout,
    limits.frameTimeout,
    limits.writeTimeout,
    limits.handlerTimeout,
    limits.maxSession,
  );
}
