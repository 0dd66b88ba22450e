import type { QuotaOptions } from '../admission/token-bucket.ts';
import type { Arrival } from '../loops/loop.ts';
import type { Mechanism } from '../loops/mechanisms.ts';
import type { CloseReason } from '../protocol/close-reason.ts';
import type { SessionLimits } from '../protocol/limits.ts';
import type { Isolation } from './models.ts';
import type { SharedLayout } from './shared-state.ts';

/** What a worker is told before it begins. */
export type Task = {
  readonly isolation: Isolation;
  readonly mechanism: Mechanism;
  /** The module of the protocol, and what makes it. */
  readonly module: string;
  readonly protocolOptions: unknown;
  readonly limits: SessionLimits;
  /** What each client may send, by its dialect; where it is not that of its address. */
  readonly quotas: Readonly<Record<string, QuotaOptions | undefined>>;
  /** What the clients of each address may send. */
  readonly addressQuota: QuotaOptions | undefined;
  readonly layout: SharedLayout;
  /** Which row of the shared memory is its own. */
  readonly row: number;
  /** Whether every message is reported. */
  readonly reportsMessages: boolean;
};

/** What a worker is told while it serves. A descriptor comes with `adopt`: beside the message to a process, in it to a thread. */
export type Order =
  | {
      readonly type: 'adopt';
      readonly id: number;
      readonly arrival: Arrival;
      readonly dialect: string;
      readonly fd: number;
      /** The bucket of its address, when the quota is one of addresses. */
      readonly bucket: number;
    }
  | { readonly type: 'drain' }
  | { readonly type: 'stop' }
  | { readonly type: 'report-messages' };

/** What a worker says. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'failed-to-start'; readonly error: PlainError }
  | { readonly type: 'message'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: PlainError }
  | {
      readonly type: 'closed';
      readonly id: number;
      readonly reason: CloseReason;
      readonly messages: number;
      readonly bytesIn: number;
      readonly bytesOut: number;
    }
  /** The worker has done with a client's descriptor. */
  | { readonly type: 'released'; readonly id: number };

/** An error as it travels between threads and processes. */
export type PlainError = {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
};

/** Longer words are cut, since a message between workers is bounded (`LONGEST_MESSAGE`): these are in characters, of two bytes at most. */
const LONGEST_WORDS = 8_192;
const LONGEST_NAME = 256;

/** What can be said of anything that was thrown; it never throws itself. */
export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: words(() => error), stack: undefined, code: undefined };
  }
  const { code } = error as { code?: unknown };
  return {
    name: words(() => error.name, LONGEST_NAME),
    message: words(() => error.message),
    stack: error.stack === undefined ? undefined : words(() => error.stack),
    code: typeof code === 'string' ? words(() => code, LONGEST_NAME) : undefined,
  };
}

/** A handler may throw what has no words, or has something else where an error has them. */
function words(find: () => unknown, longest = LONGEST_WORDS): string {
  try {
    return String(find()).slice(0, longest);
  } catch {
    return 'something that cannot be put into words';
  }
}

/** The error that was, as far as it could travel. */
export function errorOf({ name, message, stack, code }: PlainError): Error {
  const error: Error & { code?: string } = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  if (code !== undefined) error.code = code;
  return error;
}
