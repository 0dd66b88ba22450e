import type { PgType } from '../types/pg-type.ts';
import type { EngineFailure } from './engine-error.ts';
import type { FileIdentity } from './file-identity.ts';
import type { Redefinition } from './redefine.ts';
import type { Column, Encoding, SessionInfo, Value } from './types.ts';

/** What an executor process gets as it starts. */
export type ExecutorTask = {
  readonly file: string;
  /** What is there under its name: it serves no other. */
  readonly identity: FileIdentity;
  readonly readOnly: boolean;
  readonly busyTimeoutMs: number;
  /** The module whose default export is an `ConnectionSetup`. */
  readonly setup: string | undefined;
  readonly maxRows: number;
  readonly maxResultBytes: number;
};

/** What it is asked. Every request has an answer with the same id, and a cursor is known by the id it was opened with. */
export type ExecutorRequest =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly sql: string;
      readonly parameters: readonly Value[];
      readonly encoding: Encoding;
      readonly limit: number;
      /** Whether it may change the database; if it would and may not, the answer is `would-write`. */
      readonly mayWrite: boolean;
      /** Those of the session, when they are others than the last that were sent. */
      readonly sessionInfo: SessionInfo | undefined;
    }
  | { readonly kind: 'more'; readonly id: number; readonly limit: number }
  /** Has no answer. */
  | { readonly kind: 'close'; readonly id: number }
  | {
      readonly kind: 'describe';
      readonly id: number;
      readonly sql: string;
      readonly sessionInfo: SessionInfo | undefined;
    }
  | {
      readonly kind: 'many';
      readonly id: number;
      readonly sql: string;
      readonly parameters: readonly (readonly Value[])[];
      readonly mayWrite: boolean;
      readonly sessionInfo: SessionInfo | undefined;
    }
  | { readonly kind: 'redefine'; readonly id: number; readonly change: Redefinition }
  /** Runs statements of the engine itself, such as `BEGIN`. */
  | { readonly kind: 'control'; readonly id: number; readonly sql: string };

export type ExecutorResponse =
  /** Sent once, unsolicited: it has started. */
  | { readonly kind: 'ready'; readonly id: 0 }
  | {
      readonly kind: 'batch';
      readonly id: number;
      /** With the first batch only. */
      readonly columns: readonly Column[] | undefined;
      readonly types: readonly PgType[] | undefined;
      readonly count: number;
      readonly values: readonly (readonly Value[])[];
      readonly bytes: Uint8Array | undefined;
      readonly last: boolean;
      readonly changes: number;
      /** Whether the statement changed the session's temporary tables. */
      readonly temporary: boolean;
    }
  | {
      readonly kind: 'description';
      readonly id: number;
      readonly columns: readonly Column[];
      readonly readOnly: boolean;
    }
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly changes: number;
      /** Whether a transaction is open now. */
      readonly inTransaction: boolean;
    }
  | { readonly kind: 'would-write'; readonly id: number }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly failure: EngineFailure | 'value';
      readonly message: string;
      readonly code: number;
      /** Of a value that has no form in the type of its column. */
      readonly sqlstate: string;
      /** Whether a transaction is still open. */
      readonly inTransaction: boolean;
    };
