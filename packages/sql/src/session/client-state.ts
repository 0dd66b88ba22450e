import { relationOid } from '../catalog/helper-views.ts';
import type { Engine } from '../engine/engine.ts';
import type { SqlSession } from '../engine/types.ts';
import { type ErrorReport, reportOf } from '../wire/error-report.ts';
import type { ReplyWriter } from '../wire/reply-writer.ts';
import type { Compiled, Compiler } from './compiler.ts';
import { CursorTable } from './cursor-table.ts';
import { failureOf } from './failures.ts';
import { Portals } from './portals.ts';
import { PreparedStatements } from './prepared-statements.ts';
import type { Locate } from './result-shape.ts';
import type { SessionContext } from './session-context.ts';
import { type ClientIdentity, SessionInfoUpdater } from './session-info.ts';
import type { SessionSettings } from './settings.ts';
import { TransactionBlock } from './transaction-block.ts';
import type { Work } from './work.ts';

/** Statements that a block accepts after one has failed. */
const endings = new Set(['commit', 'rollback', 'rollback to']);
/** Statements that cannot be part of an implicit transaction, or that begin and end it themselves. */
const alone = new Set(['begin', 'commit', 'rollback', 'vacuum', 'discard']);

/** All that one client has after its start-up, whichever message asks for it. */
export class ClientState implements SessionContext {
  readonly engine: Engine;
  readonly session: SqlSession;
  readonly compiler: Compiler;
  readonly settings: SessionSettings;
  readonly block: TransactionBlock;
  readonly prepared = new PreparedStatements();
  readonly portals = new Portals();
  readonly cursors = new CursorTable();
  readonly sessionInfo: SessionInfoUpdater;
  readonly out: ReplyWriter;

  constructor(
    engine: Engine,
    compiler: Compiler,
    settings: SessionSettings,
    identity: ClientIdentity,
    out: ReplyWriter,
  ) {
    this.out = out;
    this.engine = engine;
    this.compiler = compiler;
    this.settings = settings;
    this.session = engine.session();
    this.block = new TransactionBlock(this.session, settings);
    this.block.onEnd = () => {
      this.cursors.endTransaction();
      this.portals.closeAll();
    };
    this.sessionInfo = new SessionInfoUpdater(this.session, settings, this.block, identity);
  }

  notice = (severity: ErrorReport['severity'], sqlstate: string, message: string): void => {
    this.out.notice({ severity, sqlstate, message });
  };

  /** @throws SqlError 25P02 for a statement that the block does not accept after one has failed */
  check(compiled: Compiled): void {
    if (!endings.has(compiled.command.kind)) this.block.check();
  }

  /** Begins the transaction around what was sent together, if the statement may be part of one. */
  beginImplicit(compiled: Compiled): void {
    if (!alone.has(compiled.command.kind)) this.block.beginImplicit();
  }

  /** A statement has failed: the client gets the error, and the transaction fails with it. */
  *fail(error: unknown, compiled: Compiled | undefined): Work {
    this.out.error(reportOf(failureOf(error, compiled, this.engine)));
    try {
      yield* this.block.fail();
    } catch (cause) {
      this.out.error(reportOf(failureOf(cause, undefined, this.engine)));
    }
  }

  readonly locate: Locate = (table, column) => {
    const relation = this.engine.relation(table);
    const place = relation?.columns.get(column.toLowerCase())?.place;
    if (relation === undefined || relation.row === 0 || place === undefined) return undefined;
    return { id: relationOid(relation.row), place };
  };

  close(): void {
    this.portals.closeAll();
    this.cursors.closeAll();
    this.session.close();
  }
}
