import { relationOid } from '../catalog/helper-views.ts';
import type { Engine } from '../engine/engine.ts';
import type { SessionFacts, SqlSession } from '../engine/types.ts';
import type { ErrorReport } from '../wire/error-report.ts';
import { reportOf } from '../wire/error-report.ts';
import type { BindMessage, FrontendMessage, Target } from '../wire/frontend.ts';
import type { ReplyWriter } from '../wire/reply-writer.ts';
import { SqlError } from '../wire/sql-error.ts';
import { parameterValue } from '../wire/value-parameter.ts';
import type { Compiled, Compiler } from './compiler.ts';
import { CopyIn } from './copy-in.ts';
import { copyOut } from './copy-out.ts';
import { CursorTable } from './cursor-table.ts';
import { describeStatement } from './describe.ts';
import { failureOf } from './failures.ts';
import { Portal } from './portal.ts';
import { PREPARED_AT_MOST, PreparedStatement, parameterTypes } from './prepared-statement.ts';
import { described, type Locate, ToldColumns } from './result-shape.ts';
import type { Opened } from './run-data.ts';
import type { SessionContext } from './session-context.ts';
import { milliseconds, type SessionSettings } from './settings.ts';
import { TransactionBlock } from './transaction-block.ts';
import { settled, type Work } from './work.ts';

/** Statements that a block accepts after one has failed. */
const endings = new Set(['commit', 'rollback', 'rollback to']);
/** Statements that cannot be part of an implicit transaction, or that begin and end it themselves. */
const alone = new Set(['begin', 'commit', 'rollback', 'vacuum', 'discard']);

/** Who the client is. */
export type Identity = {
  readonly user: string;
  readonly database: string;
  readonly processId: number;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverPort: number;
};

/** One client after its start-up: carries out its messages, and writes the answers. */
export class Backend implements SessionContext {
  readonly engine: Engine;
  readonly session: SqlSession;
  readonly compiler: Compiler;
  readonly settings: SessionSettings;
  readonly block: TransactionBlock;
  readonly prepared = new Map<string, PreparedStatement>();
  readonly cursors = new CursorTable();
  readonly out: ReplyWriter;
  readonly #identity: Identity;
  readonly #portals = new Map<string, Portal>();
  readonly #statementTimeout: number;
  #settingsVersion = -1;
  #facts: SessionFacts = {};
  #statementStart = 0;
  #transactionStart = 0;
  /** Settings that have changed: the client is told when the answer is complete. */
  readonly #reports = new Map<string, string>();
  #copyIn: CopyIn | undefined;
  /** What is to follow the COPY. */
  #afterCopy: (() => Work) | undefined;
  /** After an error in the extended protocol, everything up to the next Sync. */
  #skipping = false;

  constructor(
    engine: Engine,
    compiler: Compiler,
    settings: SessionSettings,
    identity: Identity,
    out: ReplyWriter,
  ) {
    this.out = out;
    this.engine = engine;
    this.compiler = compiler;
    this.settings = settings;
    this.#identity = identity;
    this.session = engine.session();
    this.#statementTimeout = this.session.statementTimeout;
    this.block = new TransactionBlock(this.session, settings);
    this.block.onEnd = () => this.#transactionEnded();
    settings.onReport = (name, value) => this.#reports.set(name, value);
  }

  notice = (severity: ErrorReport['severity'], sqlstate: string, message: string): void => {
    this.out.notice({ severity, sqlstate, message });
  };

  /** Is called when the client has been silent in a transaction for as long as its settings allow. */
  onIdleInTransaction = (): void => {};
  #idleTimer: NodeJS.Timeout | undefined;

  /** Carries out one message; the answer is in {@link out} afterwards, as far as it was not yielded. */
  *carryOut(message: FrontendMessage): Work {
    if (this.#idleTimer !== undefined) {
      clearTimeout(this.#idleTimer);
      this.#idleTimer = undefined;
    }
    if (this.#copyIn !== undefined) {
      yield* this.#copyMessage(this.#copyIn, message);
      return;
    }
    switch (message.type) {
      case 'query':
        yield* this.#query(message.sql);
        return;
      case 'sync':
        yield* this.#sync();
        return;
      case 'parse':
      case 'bind':
      case 'describe':
      case 'execute':
      case 'close':
        if (!this.#skipping) yield* this.#extended(message);
        return;
      case 'function-call':
        this.out.error(reportOf(new SqlError('0A000', 'function calls of the protocol are not supported')));
        this.#ready();
        return;
      case 'invalid':
        if (this.#skipping) return;
        this.out.error(reportOf(new SqlError(message.sqlstate, message.message)));
        yield* this.block.fail();
        if (message.extended) this.#skipping = true;
        else this.#ready();
        return;
      default:
        // Flush has nothing to do here; what is left of a COPY that has failed is passed over.
        return;
    }
  }

  /** The client has left. */
  close(): void {
    clearTimeout(this.#idleTimer);
    for (const portal of this.#portals.values()) portal.close();
    this.cursors.closeAll();
    this.session.close();
  }

  // Simple query.

  *#query(sql: string): Work {
    this.#skipping = false;
    this.#closePortal('');
    let compiled: readonly Compiled[];
    try {
      const template = this.compiler.compileTemplate(sql);
      if (template !== undefined && this.#runs(template.compiled)) {
        const portal = new Portal(new PreparedStatement(template.compiled, []), template.values, []);
        yield* this.#runAll([template.compiled], 0, portal);
        return;
      }
      compiled = this.compiler.compile(sql);
    } catch (error) {
      yield* this.#fail(error, undefined);
      this.#ready();
      return;
    }
    if (compiled.length === 0) {
      this.out.emptyQueryResponse();
      this.#ready();
    } else yield* this.#runAll(compiled, 0);
  }

  /** Whether a query can be run as it is. If it cannot, what is said of it must be said of the text that the client sent. */
  #runs({ translation }: Compiled): boolean {
    if (this.block.status === 'E' || this.session.pinned) return false;
    try {
      this.session.describe(translation?.sql[0] ?? '');
      return true;
    } catch {
      return false;
    }
  }

  /** Runs statements that came together, from one of them on: they are one transaction, unless they say otherwise. */
  *#runAll(statements: readonly Compiled[], from: number, first?: Portal): Work {
    let compiled: Compiled | undefined;
    try {
      for (let at = from; at < statements.length; at++) {
        compiled = statements[at] as Compiled;
        this.#check(compiled);
        if (statements.length > 1 && !alone.has(compiled.command.kind)) this.block.beginImplicit();
        yield* this.#runSimple(compiled, first ?? new Portal(new PreparedStatement(compiled, []), [], []));
        if (this.#copyIn !== undefined) {
          this.#afterCopy = () => this.#runAll(statements, at + 1);
          return;
        }
      }
      yield* this.block.endImplicit();
    } catch (error) {
      yield* this.#fail(error, compiled);
    }
    this.#ready();
  }

  *#runSimple(compiled: Compiled, portal: Portal): Work {
    this.#newFacts();
    if (compiled.parameters.length > 0 && portal.parameterCount === 0) {
      throw new SqlError('42P02', 'there is no parameter $1');
    }
    const opened = yield* portal.open(this, compiled, 0);
    switch (opened.kind) {
      case 'done':
        this.out.commandComplete(opened.tag);
        return;
      case 'copy':
        yield* this.#copy(opened.compiled);
        return;
      case 'rows': {
        const { result } = opened;
        this.out.rowDescription(compiled.told.for(result.columns, result.types, this.#locate));
        yield* result.write(this.out, 0, []);
        this.out.commandComplete(opened.tag(result.sent));
      }
    }
  }

  // Extended query.

  *#extended(
    message: Extract<FrontendMessage, { type: 'parse' | 'bind' | 'describe' | 'execute' | 'close' }>,
  ): Work {
    let compiled: Compiled | undefined;
    try {
      switch (message.type) {
        case 'parse': {
          const statement = this.#parse(message.statement, message.sql, message.parameterTypes);
          compiled = statement.compiled;
          if (compiled !== undefined) yield* this.#analyze(compiled);
          this.out.parseComplete();
          return;
        }
        case 'bind':
          compiled = this.#bind(message);
          this.out.bindComplete();
          return;
        case 'describe':
          if (message.target === 'portal' && this.#describedCursor(message.name)) return;
          compiled = this.#compiledOf(message.target, message.name);
          yield* message.target === 'statement'
            ? this.#describeStatement(message.name)
            : this.#describePortal(message.name);
          return;
        case 'execute':
          compiled = this.#compiledOf('portal', message.portal);
          yield* this.#execute(message.portal, message.maxRows);
          return;
        case 'close':
          if (message.target === 'statement') this.prepared.delete(message.name);
          else if (this.#portals.has(message.name) || !this.cursors.has(message.name))
            this.#closePortal(message.name);
          else this.cursors.close(message.name);
          this.out.closeComplete();
      }
    } catch (error) {
      yield* this.#fail(error, compiled);
      this.#skipping = true;
    }
  }

  #parse(name: string, sql: string, given: readonly number[]): PreparedStatement {
    if (name !== '' && this.prepared.has(name)) {
      throw new SqlError('42P05', `prepared statement "${name}" already exists`);
    }
    if (this.prepared.size >= PREPARED_AT_MOST) {
      throw new SqlError('54000', `a client has at most ${PREPARED_AT_MOST} prepared statements`);
    }
    const statements = this.compiler.compile(sql);
    if (statements.length > 1) {
      throw new SqlError('42601', 'cannot insert multiple commands into a prepared statement');
    }
    const [compiled] = statements;
    const statement = new PreparedStatement(compiled, parameterTypes(compiled, given, this.engine));
    this.prepared.set(name, statement);
    return statement;
  }

  /** Whether all that a statement names is there is known when it is parsed. */
  *#analyze(compiled: Compiled): Work {
    this.#check(compiled);
    const sql = compiled.translation?.sql;
    if (sql?.length === 1 && compiled.command.kind !== 'definition') {
      this.#newFacts();
      yield* settled(this.session.describe(sql[0] as string));
    }
  }

  #bind(message: BindMessage): Compiled | undefined {
    const statement = this.#statement(message.statement);
    const { compiled, parameterTypes } = statement;
    if (compiled !== undefined) this.#check(compiled);
    const { parameters } = message;
    if (parameters.length !== parameterTypes.length) {
      throw new SqlError(
        '08P01',
        `bind message supplies ${parameters.length} parameters, but prepared statement "${message.statement}" requires ${parameterTypes.length}`,
      );
    }
    const values = parameterTypes.map((type, i) => parameterValue(parameters, i, type));
    if (message.portal === '') this.#closePortal('');
    else if (this.#portals.has(message.portal)) {
      throw new SqlError('42P03', `cursor "${message.portal}" already exists`);
    }
    if (this.#portals.size >= PREPARED_AT_MOST) {
      throw new SqlError('54000', `a client has at most ${PREPARED_AT_MOST} portals`);
    }
    this.#portals.set(message.portal, new Portal(statement, values, message.resultFormats));
    return compiled;
  }

  *#describeStatement(name: string): Work {
    const statement = this.#statement(name);
    this.out.parameterDescription(statement.parameterTypes);
    if (statement.compiled !== undefined) this.#check(statement.compiled);
    this.#newFacts();
    const shape = yield* describeStatement(this, statement);
    if (shape === undefined) this.out.noData();
    else this.out.rowDescription(described(shape.columns, shape.types, this.#locate));
  }

  /** A cursor of SQL is a portal as well. */
  #describedCursor(name: string): boolean {
    if (this.#portals.has(name) || !this.cursors.has(name)) return false;
    const { columns, types } = this.cursors.get(name);
    this.out.rowDescription(described(columns, types, this.#locate));
    return true;
  }

  *#describePortal(name: string): Work {
    const portal = this.#portal(name);
    const { statement } = portal;
    const { compiled } = statement;
    if (compiled !== undefined) this.#check(compiled);
    this.#newFacts();
    // A query begins already here: its first row may tell types that nothing else tells.
    const begins = compiled !== undefined && portal.readsOnly && statement.told === undefined;
    const opened = begins ? yield* portal.open(this, compiled, 1) : portal.opened;
    const shape = opened?.kind === 'rows' ? opened.result : yield* describeStatement(this, statement);
    if (shape === undefined) this.out.noData();
    else {
      const { told = new ToldColumns() } = compiled ?? {};
      this.out.rowDescription(told.for(shape.columns, shape.types, this.#locate), portal.formats);
    }
  }

  *#execute(name: string, maxRows: number): Work {
    const portal = this.#portal(name);
    const { compiled } = portal.statement;
    if (compiled === undefined) {
      this.out.emptyQueryResponse();
      return;
    }
    this.#check(compiled);
    if (!alone.has(compiled.command.kind)) this.block.beginImplicit();
    this.#newFacts();
    const opened = yield* portal.open(this, compiled, maxRows);
    yield* this.#give(portal, opened, maxRows);
  }

  *#give(portal: Portal, opened: Opened, maxRows: number): Work {
    switch (opened.kind) {
      case 'done':
        this.out.commandComplete(opened.tag);
        return;
      case 'copy':
        yield* this.#copy(opened.compiled);
        return;
      case 'rows': {
        const { result } = opened;
        const before = result.sent;
        if (yield* result.write(this.out, maxRows, portal.formats)) {
          this.out.commandComplete(opened.tag(result.sent - (maxRows > 0 ? before : 0)));
        } else this.out.portalSuspended();
      }
    }
  }

  *#sync(): Work {
    this.#skipping = false;
    try {
      yield* this.block.endImplicit();
    } catch (error) {
      yield* this.#fail(error, undefined);
    }
    if (!this.block.explicit) this.#closePortals();
    this.#ready();
  }

  // COPY.

  *#copy(compiled: Compiled): Work {
    if (compiled.command.kind === 'copy' && compiled.command.direction === 'to') {
      this.out.commandComplete(yield* copyOut(this, compiled, this.out));
      return;
    }
    const copyIn = yield* CopyIn.begin(this, compiled);
    this.#copyIn = copyIn;
    this.out.copyInResponse(copyIn.columns);
  }

  *#copyMessage(copyIn: CopyIn, message: FrontendMessage): Work {
    try {
      switch (message.type) {
        case 'copy-data':
          yield* copyIn.take(message.data);
          return;
        case 'copy-done':
          this.out.commandComplete(yield* copyIn.end());
          this.#copyIn = undefined;
          break;
        case 'copy-fail':
          throw new SqlError('57014', `COPY from stdin failed: ${message.message}`);
        case 'flush':
        case 'sync':
          return;
        default:
          throw new SqlError('08P01', `unexpected message during COPY from stdin: ${message.type}`);
      }
    } catch (error) {
      this.#copyIn = undefined;
      const simple = this.#afterCopy !== undefined;
      this.#afterCopy = undefined;
      yield* this.#fail(error, copyIn.compiled);
      if (simple) this.#ready();
      else this.#skipping = true;
      return;
    }
    const after = this.#afterCopy;
    this.#afterCopy = undefined;
    if (after !== undefined) yield* after();
  }

  // Common.

  #check(compiled: Compiled): void {
    if (!endings.has(compiled.command.kind)) this.block.check();
  }

  *#fail(error: unknown, compiled: Compiled | undefined): Work {
    this.out.error(reportOf(failureOf(error, compiled, this.engine)));
    try {
      yield* this.block.fail();
    } catch (cause) {
      this.out.error(reportOf(failureOf(cause, undefined, this.engine)));
    }
  }

  #ready(): void {
    if (!this.block.active) this.#closePortals();
    if (this.#reports.size > 0) {
      for (const [name, value] of this.#reports) this.out.parameterStatus(name, value);
      this.#reports.clear();
    }
    this.out.readyForQuery(this.block.status);
    if (this.block.explicit) this.#watchIdle();
  }

  #watchIdle(): void {
    const limit = milliseconds(this.settings.get('idle_in_transaction_session_timeout')) ?? 0;
    if (limit > 0) this.#idleTimer = setTimeout(() => this.onIdleInTransaction(), limit).unref();
  }

  #transactionEnded(): void {
    this.cursors.endTransaction();
    this.#closePortals();
  }

  readonly #locate: Locate = (table, column) => {
    const relation = this.engine.relation(table);
    const place = relation?.columns.get(column.toLowerCase())?.place;
    if (relation === undefined || relation.row === 0 || place === undefined) return undefined;
    return { id: relationOid(relation.row), place };
  };

  #closePortals(): void {
    if (this.#portals.size === 0) return;
    for (const portal of this.#portals.values()) portal.close();
    this.#portals.clear();
  }

  #closePortal(name: string): void {
    this.#portals.get(name)?.close();
    this.#portals.delete(name);
  }

  #statement(name: string): PreparedStatement {
    const statement = this.prepared.get(name);
    if (statement !== undefined) return statement;
    throw new SqlError(
      '26000',
      name === ''
        ? 'unnamed prepared statement does not exist'
        : `prepared statement "${name}" does not exist`,
    );
  }

  #portal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new SqlError('34000', `portal "${name}" does not exist`);
    return portal;
  }

  #compiledOf(target: Target, name: string): Compiled | undefined {
    if (target === 'statement') return this.#statement(name).compiled;
    return this.#portal(name).statement.compiled;
  }

  /** What functions may ask about the session, and how long a statement may take, as of now. */
  #newFacts(): void {
    const { settings } = this;
    const fresh = settings.version === this.#settingsVersion;
    if (!fresh) {
      this.#settingsVersion = settings.version;
      const own = milliseconds(settings.get('statement_timeout')) ?? 0;
      this.session.statementTimeout =
        own === 0 ? this.#statementTimeout : Math.min(this.#statementTimeout, own);
      this.#facts = {
        ...this.#identity,
        settings: JSON.stringify(
          Object.fromEntries([...settings.all()].map(([name, value]) => [name.toLowerCase(), value])),
        ),
      };
    }
    const now = Date.now();
    const transactionStart = this.block.active ? this.block.startedAt : now;
    if (fresh && now === this.#statementStart && transactionStart === this.#transactionStart) return;
    this.#statementStart = now;
    this.#transactionStart = transactionStart;
    this.session.facts = { ...this.#facts, statementStart: now, transactionStart };
  }
}
