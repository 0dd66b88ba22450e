import type { PendingSocketEvents } from './loop.ts';

/** After how many milliseconds the first check is made, and the longest time between two. */
const CHECK_INTERVAL_MS = { first: 50, longest: 1_000 };

/**
 * Checks now and then whether a client that has sent something has hung up since. Readiness for reading does not show what is
 * behind the unread bytes, and a client that has finished sending produces no further event until it is sent something.
 */
export class DisconnectCheck {
  readonly #peerState: () => 'open' | 'finished' | 'gone';
  readonly #events: PendingSocketEvents;
  #timer: NodeJS.Timeout | undefined;
  #intervalMs = CHECK_INTERVAL_MS.first;
  #endReported = false;
  #stopped = false;

  /** @param events `onDisconnect` is called when the client is gone; it stops the check */
  constructor(peerState: () => 'open' | 'finished' | 'gone', events: PendingSocketEvents) {
    this.#peerState = peerState;
    this.#events = events;
  }

  start(): void {
    if (this.#timer === undefined && !this.#stopped) this.#check();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** The end is known without a check. */
  reportEnd(): void {
    if (this.#endReported) return;
    this.#endReported = true;
    this.#events.onEnd();
  }

  readonly #check = (): void => {
    this.#timer = setTimeout(this.#check, this.#intervalMs);
    this.#intervalMs = Math.min(2 * this.#intervalMs, CHECK_INTERVAL_MS.longest);
    const state = this.#peerState();
    if (state === 'gone') this.#events.onDisconnect();
    else if (state === 'finished') this.reportEnd();
  };
}
