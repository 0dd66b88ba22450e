import type { FormatCode } from '../types/pg-type.ts';
import type { BoundParameters } from './bound-parameters.ts';

/** What Describe and Close are about. */
export type Target = 'statement' | 'portal';

export type StartupMessage = {
  readonly type: 'startup';
  /** The minor version of protocol 3 that the client would like. Above 0 the answer is that there is only 3.0. */
  readonly minor: number;
  /** `user`, `database`, `options`, and run-time settings such as `application_name`. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The names that begin with `_pq_.`: extensions of the protocol that are not supported. */
  readonly extensions: readonly string[];
};

export type CancelRequest = {
  readonly type: 'cancel-request';
  readonly processId: number;
  /** As a signed number of 32 bits, as in BackendKeyData. */
  readonly secretKey: number;
};

export type ParseMessage = {
  readonly type: 'parse';
  readonly statement: string;
  readonly sql: string;
  /** The types that the client gives; 0 where it leaves the choice. */
  readonly parameterTypes: readonly number[];
};

export type BindMessage = {
  readonly type: 'bind';
  readonly portal: string;
  readonly statement: string;
  readonly parameters: BoundParameters;
  /** None: all text; one: for all columns; else one a column. */
  readonly resultFormats: readonly FormatCode[];
};

export type ExecuteMessage = {
  readonly type: 'execute';
  readonly portal: string;
  /** 0: all rows. */
  readonly maxRows: number;
};

export type FunctionCallMessage = {
  readonly type: 'function-call';
  readonly functionId: number;
  readonly parameters: BoundParameters;
  readonly resultFormat: FormatCode;
};

/**
 * A message that has the right length and says what cannot be. The conversation goes on after an error; where the
 * message is one of the extended protocol (`extended`), with the next Sync.
 */
export type InvalidMessage = {
  readonly type: 'invalid';
  readonly sqlstate: string;
  readonly message: string;
  readonly extended: boolean;
};

/** Everything that a frontend says in protocol 3.0 (PostgreSQL, "Message Formats"). */
export type FrontendMessage =
  | { readonly type: 'ssl-request' }
  | { readonly type: 'gssenc-request' }
  | CancelRequest
  | StartupMessage
  /** PasswordMessage, SASLInitialResponse or SASLResponse: which one depends on what was asked. */
  | { readonly type: 'password'; readonly body: Buffer }
  | { readonly type: 'query'; readonly sql: string }
  | ParseMessage
  | BindMessage
  | { readonly type: 'describe'; readonly target: Target; readonly name: string }
  | ExecuteMessage
  | { readonly type: 'close'; readonly target: Target; readonly name: string }
  | { readonly type: 'flush' }
  | { readonly type: 'sync' }
  | { readonly type: 'terminate' }
  | { readonly type: 'copy-data'; readonly data: Buffer }
  | { readonly type: 'copy-done' }
  | { readonly type: 'copy-fail'; readonly message: string }
  | FunctionCallMessage
  | InvalidMessage;
