import type { Clock } from '../protocol/session-host.ts';

/** Something that is told when its descriptor is ready. */
export interface Watched {
  readonly fd: number;
  /** Set by the waiter: tells events of this registration from those of an earlier one of the same descriptor. */
  generation: number;
  onReady(events: number): void;
}

/** Something that has work left for the next turn. */
export interface Resumable {
  resume(): void;
}

/** How a thread waits for descriptors, and has its turns. */
export interface Waiter {
  readonly clock: Clock;
  /** Whether it tells no more than changes of what is watched for them. */
  readonly tellsChanges: boolean;
  /** How many sessions await what Node brings, such as the promise of a handler: while there are any, the thread must not be blocked. */
  awaiting: number;
  /** How many clients are served here. */
  clients: number;
  watch(watched: Watched, interest: number): void;
  change(watched: Watched, interest: number): void;
  /** Must be called before the descriptor is closed. */
  unwatch(watched: Watched): void;
  /** Everything that is watched now, of all loops. */
  all(): Iterable<Watched>;
  /** Resumes something in the next turn. */
  wake(resumable: Resumable): void;
  /** Gives up one use; with the last one it closes, and resolves when it has. */
  release(): Promise<void>;
}
