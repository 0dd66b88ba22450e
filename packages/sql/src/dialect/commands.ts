import type { Statement } from '../parse/statements.ts';
import type { CopyOptions } from '../wire/copy-format.ts';

/** What BEGIN, START TRANSACTION and SET TRANSACTION may ask for; undefined: not said. */
export type TransactionModes = {
  readonly isolation?: 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
};

/** Where FETCH and MOVE go. `count` is undefined for all that is left; it may be negative with `absolute` and `relative`. */
export type CursorMove = {
  readonly direction: 'forward' | 'backward' | 'absolute' | 'relative' | 'first' | 'last';
  readonly count: number | undefined;
};

/** A statement by what the session has to do with it. */
export type Command =
  /** SELECT, VALUES, TABLE, and WITH before them. */
  | { readonly kind: 'select' }
  | { readonly kind: 'insert' | 'update' | 'delete' }
  /** CREATE, ALTER, DROP, TRUNCATE, COMMENT: translated and run. `concurrently`: outside of transactions only. */
  | { readonly kind: 'definition'; readonly tag: string }
  | { readonly kind: 'begin'; readonly tag: string; readonly modes: TransactionModes }
  | { readonly kind: 'commit'; readonly chain: boolean }
  | { readonly kind: 'rollback'; readonly chain: boolean }
  | { readonly kind: 'savepoint' | 'release' | 'rollback to'; readonly name: string }
  /** SET TRANSACTION, or SET SESSION CHARACTERISTICS AS TRANSACTION with `session`. */
  | { readonly kind: 'set transaction'; readonly modes: TransactionModes; readonly session: boolean }
  /** `value` is undefined for DEFAULT. */
  | {
      readonly kind: 'set';
      readonly name: string;
      readonly value: string | undefined;
      readonly local: boolean;
    }
  /** `name` is `all` for SHOW ALL. */
  | { readonly kind: 'show'; readonly name: string }
  | { readonly kind: 'reset'; readonly name: string }
  | { readonly kind: 'discard'; readonly what: 'all' | 'plans' | 'sequences' | 'temp' }
  | {
      readonly kind: 'prepare';
      readonly name: string;
      readonly types: readonly string[];
      readonly statement: Statement;
    }
  /** `values` is `SELECT` and the arguments, to be evaluated; undefined when there are none. */
  | { readonly kind: 'execute'; readonly name: string; readonly values: string | undefined }
  /** `name` is undefined for all. */
  | { readonly kind: 'deallocate'; readonly name: string | undefined }
  | {
      readonly kind: 'declare';
      readonly name: string;
      readonly hold: boolean;
      readonly scroll: boolean | undefined;
      readonly binary: boolean;
      readonly statement: Statement;
    }
  | { readonly kind: 'fetch' | 'move'; readonly cursor: string; readonly move: CursorMove }
  /** `name` is undefined for all. */
  | { readonly kind: 'close'; readonly name: string | undefined }
  | {
      readonly kind: 'copy';
      readonly direction: 'from' | 'to';
      /** `stdin` and `stdout` are the client; a file or a program is never allowed. */
      readonly target: 'client' | 'file' | 'program';
      readonly table: string | undefined;
      /** Empty for all. */
      readonly columns: readonly string[];
      /** COPY (query) TO. */
      readonly query: Statement | undefined;
      readonly options: CopyOptions;
    }
  | { readonly kind: 'listen' | 'notify' | 'unlisten'; readonly channel: string }
  | {
      readonly kind: 'explain';
      readonly analyze: boolean;
      readonly format: string;
      readonly statement: Statement;
    }
  | {
      readonly kind: 'vacuum';
      readonly full: boolean;
      readonly analyze: boolean;
      readonly tables: readonly string[];
    }
  | { readonly kind: 'analyze' | 'reindex' | 'cluster'; readonly tables: readonly string[] }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'lock'; readonly tables: readonly string[]; readonly mode: string }
  /** SQLite's own: PRAGMA, ATTACH, DETACH; passed on for the authorizer to judge. */
  | { readonly kind: 'pragma' };

/** The command tag of a statement that has run; `rows` is how many were selected or changed. */
export function commandTag(command: Command, rows: bigint | number): string {
  switch (command.kind) {
    case 'select':
      return `SELECT ${rows}`;
    case 'insert':
      return `INSERT 0 ${rows}`;
    case 'update':
    case 'delete':
    case 'fetch':
    case 'move':
    case 'copy':
      return `${command.kind.toUpperCase()} ${rows}`;
    case 'begin':
    case 'definition':
      return command.tag;
    case 'rollback to':
      return 'ROLLBACK';
    case 'set transaction':
      return 'SET';
    case 'declare':
      return 'DECLARE CURSOR';
    case 'close':
      return command.name === undefined ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR';
    case 'deallocate':
      return command.name === undefined ? 'DEALLOCATE ALL' : 'DEALLOCATE';
    case 'discard':
      return `DISCARD ${command.what.toUpperCase()}`;
    case 'lock':
      return 'LOCK TABLE';
    default:
      return command.kind.toUpperCase();
  }
}
