import type { QuotaOptions } from '../admission/token-bucket.ts';
import type { ConnectionAddress } from '../loops/loop.ts';
import type { Mechanism } from '../loops/mechanisms.ts';
import { type CloseReason, closeReasons } from '../session/close-reason.ts';
import { isGroupName } from '../session/groups.ts';
import type { SessionLimits } from '../session/limits.ts';
import type { TlsByDialect } from '../tls/tls-layer.ts';
import type { Isolation } from './models.ts';
import type { SharedLayout } from './shared-state.ts';

/** What a worker needs to begin. */
export type WorkerSetup = {
  readonly isolation: Isolation;
  readonly mechanism: Mechanism;
  /** See the option of that name. */
  readonly busyPollUs: number;
  /** The module of the protocol, and what makes it. */
  readonly module: string;
  readonly protocolOptions: unknown;
  readonly limits: SessionLimits;
  /** What each client may send, by its dialect; where it is not that of its address. */
  readonly quotas: Readonly<Record<string, QuotaOptions | undefined>>;
  /** What the clients of each address may send. */
  readonly addressQuota: QuotaOptions | undefined;
  /** Of the dialects that are spoken over TLS. */
  readonly tls: TlsByDialect;
  readonly layout: SharedLayout;
  /** Which row of the shared memory is its own. */
  readonly row: number;
  /** Whether every message is reported. */
  readonly reportsMessages: boolean;
};

/** What the supervisor sends to a worker. A descriptor comes with `adopt`: beside the message to a process, in it to a thread. */
export type WorkerCommand =
  | {
      readonly type: 'adopt';
      readonly id: number;
      readonly arrival: ConnectionAddress;
      readonly dialect: string;
      readonly fd: number;
      /** The bucket of its address, when the quota is one of addresses. */
      readonly bucket: number;
    }
  | { readonly type: 'drain' }
  | { readonly type: 'stop' }
  | { readonly type: 'report-messages' }
  /** Nothing is to be done; that it is processed shows that the worker is responsive. */
  | { readonly type: 'ping' }
  | GroupMessage
  /** A group message was withheld: the worker has too many bytes unprocessed. */
  | { readonly type: 'group-gap'; readonly group: string };

/** A part of a group message, to the worker or from it. The bytes are the payload of the message; the last part has no `more`. */
export type GroupMessage = {
  readonly type: 'group-message';
  readonly group: string;
  /** The client that is left out. */
  readonly except?: number;
  readonly more?: true;
};

/** What a worker reports. */
export type WorkerReport =
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
  | { readonly type: 'released'; readonly id: number }
  | GroupMessage
  /** So many clients of the worker are in a group now. */
  | { readonly type: 'members'; readonly group: string; readonly size: number };

/**
 * What came from a worker, if it is a report: the code of a user runs where it is made, and may have written into the channel.
 * @throws TypeError for anything else
 */
export function parseReport(value: unknown): WorkerReport {
  const report = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const { type, id, reason, error, group, except, size } = report;
  const complete =
    type === 'ready' ||
    (type === 'group-message' &&
      isGroupName(group) &&
      (except === undefined || Number.isSafeInteger(except))) ||
    (type === 'members' && isGroupName(group) && Number.isSafeInteger(size) && (size as number) >= 0) ||
    (type === 'failed-to-start' && isPlainError(error)) ||
    (Number.isSafeInteger(id) &&
      (type === 'message' ||
        type === 'released' ||
        (type === 'failed' && isPlainError(error)) ||
        (type === 'closed' &&
          closeReasons.includes(reason as CloseReason) &&
          [report.messages, report.bytesIn, report.bytesOut].every(Number.isSafeInteger))));
  if (complete) return report as WorkerReport;
  throw new TypeError(`not a report: ${JSON.stringify(value).slice(0, MAX_NAME_LENGTH)}`);
}

function isPlainError(value: unknown): value is PlainError {
  if (typeof value !== 'object' || value === null) return false;
  const { name, message, stack, code } = value as Record<string, unknown>;
  const isText = (text: unknown) => text === undefined || typeof text === 'string';
  return typeof name === 'string' && typeof message === 'string' && isText(stack) && isText(code);
}

/** An error as it travels between threads and processes. */
export type PlainError = {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
};

/** Longer text is cut, since a message between workers is bounded (`MAX_MESSAGE_SIZE`): in characters, each of 6 bytes of JSON at most. */
const MAX_TEXT_LENGTH = 4_096;
const MAX_NAME_LENGTH = 256;
const NO_TEXT = 'something that cannot be shown as text';

/** A description of anything that was thrown; it never throws itself, whatever an error has as its properties. */
export function plainError(error: unknown): PlainError {
  try {
    if (!(error instanceof Error)) {
      return { name: 'Error', message: textOf(() => error), stack: undefined, code: undefined };
    }
    const { code, stack } = error as { code?: unknown; stack?: unknown };
    return {
      name: textOf(() => error.name, MAX_NAME_LENGTH),
      message: textOf(() => error.message),
      stack: stack === undefined ? undefined : textOf(() => stack),
      code: typeof code === 'string' ? code.slice(0, MAX_NAME_LENGTH) : undefined,
    };
  } catch {
    return { name: 'Error', message: NO_TEXT, stack: undefined, code: undefined };
  }
}

/** What a handler throws may have no text, or throw when asked for it. */
function textOf(find: () => unknown, longest = MAX_TEXT_LENGTH): string {
  try {
    return String(find()).slice(0, longest);
  } catch {
    return NO_TEXT;
  }
}

/** The error that was, as far as it could travel. */
export function restoreError({ name, message, stack, code }: PlainError): Error {
  const error: Error & { code?: string } = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  if (code !== undefined) error.code = code;
  return error;
}
