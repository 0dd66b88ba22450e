import type { Engine } from '../engine/engine.ts';
import type { SqlSession } from '../engine/types.ts';
import type { ErrorReport } from '../wire/error-report.ts';
import type { Compiler } from './compiler.ts';
import type { CursorTable } from './cursor-table.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import type { SessionSettings } from './settings.ts';
import type { TransactionBlock } from './transaction-block.ts';

/** What belongs to one client, for all that carries out its statements. */
export interface SessionContext {
  readonly engine: Engine;
  readonly session: SqlSession;
  readonly compiler: Compiler;
  readonly settings: SessionSettings;
  readonly block: TransactionBlock;
  readonly prepared: PreparedStatements;
  readonly cursors: CursorTable;
  /** Sends a notice with the answer in progress. */
  notice(severity: ErrorReport['severity'], sqlstate: string, message: string): void;
}
