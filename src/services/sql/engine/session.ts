import { SqlError } from '../wire/sql-error.ts';
import { EngineError } from './engine-error.ts';
import type { Executor } from './executor.ts';
import type { ExecutorAnswer } from './executor-messages.ts';
import type { ExecutorPool } from './executor-pool.ts';
import type { Redefinition } from './redefine.ts';
import { RemoteRows, RowsAtHand, type RowsOwner } from './rows.ts';
import type { Known, SharedReader } from './shared-reader.ts';
import { Stopwatch } from './stopwatch.ts';
import { Transaction } from './transaction.ts';
import type {
  Description,
  Encoding,
  ExecuteOptions,
  Rows,
  SessionFacts,
  SqlSession,
  TransactionMode,
  Value,
} from './types.ts';
import type { Turn, WriteQueue } from './write-queue.ts';

/** What the sessions of an engine share. */
export type Shared = {
  readonly readOnly: boolean;
  readonly maxRows: number;
  readonly reader: SharedReader;
  readonly pool: ExecutorPool;
  readonly queue: WriteQueue;
};

const values: Encoding = { form: 'values' };

/** One client of the engine: decides where a statement runs, and holds what it needs for it. */
export class Session implements SqlSession, RowsOwner {
  facts: SessionFacts;
  readonly #shared: Shared;
  readonly #stopwatch = new Stopwatch();
  readonly #open = new Set<RemoteRows>();
  #executor: Executor | undefined;
  /** The right to write: of the transaction, or of the statement that runs. */
  #turn: Turn | undefined;
  #transaction: Transaction | undefined;
  /** Whether the executor has temporary tables of this session. */
  #temporary = false;
  #stop = new AbortController();
  #closed = false;

  constructor(shared: Shared, statementTimeout: number, facts: SessionFacts) {
    this.#shared = shared;
    this.#stopwatch.limit = statementTimeout;
    this.facts = facts;
  }

  /** Whether statements have to run where earlier ones did, because only there is what those have done. */
  get pinned(): boolean {
    return this.#temporary || this.#transaction?.begun === true;
  }

  get inTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  get statementTimeout(): number {
    return this.#stopwatch.limit;
  }

  set statementTimeout(milliseconds: number) {
    this.#stopwatch.limit = milliseconds;
  }

  describe(sql: string): Description | Promise<Description> {
    if (!this.pinned) {
      const { columns, effects } = this.#shared.reader.know(sql, this.facts);
      return { columns, readOnly: !effects.writes && !effects.writesTemporary };
    }
    return this.#describeRemotely(sql, this.#executor as Executor);
  }

  execute(
    sql: string,
    parameters: readonly Value[] = [],
    options: ExecuteOptions = {},
  ): Rows | Promise<Rows> {
    this.#transaction?.check();
    const { encoding = values, limit = 0, writes = false } = options;
    if (writes) this.#mayWrite();
    if (writes || this.pinned) return this.#run(sql, parameters, encoding, limit, writes);
    const { reader, maxRows } = this.#shared;
    const known = reader.know(sql, this.facts);
    if (known.effects.writes) {
      this.#mayWrite();
      return this.#run(sql, parameters, encoding, limit, true);
    }
    if (known.cost !== 'heavy' && this.#transaction?.wantsSnapshot !== true) {
      const rows = this.#readHere(known, parameters, maxRows);
      if (rows !== undefined) return new RowsAtHand(known.columns, rows);
    }
    return this.#run(sql, parameters, encoding, limit, false);
  }

  async executeMany(sql: string, parameters: readonly (readonly Value[])[]): Promise<number> {
    this.#transaction?.check();
    this.#stopwatch.restart();
    try {
      if (!this.pinned && this.#shared.reader.know(sql, this.facts).effects.writes) {
        this.#mayWrite();
        await this.#prepareExecutor(true);
      } else await this.#prepareExecutor(false);
      let answer = await this.#askMany(sql, parameters);
      if (answer.kind === 'would-write') {
        this.#mayWrite();
        await this.#prepareExecutor(true);
        answer = await this.#askMany(sql, parameters);
      }
      this.#settle();
      return answer.kind === 'done' ? answer.changes : 0;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  async redefine(change: Redefinition): Promise<void> {
    this.#transaction?.check();
    this.#mayWrite();
    this.#stopwatch.restart();
    try {
      await this.#prepareExecutor(true);
      await this.#ask((executor) => executor.ask({ kind: 'redefine', id: executor.newId(), change }));
      this.#settle();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  async lock(): Promise<void> {
    if (this.#transaction === undefined) return;
    this.#mayWrite();
    this.#stopwatch.restart();
    try {
      await this.#prepareExecutor(true);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  begin(mode: TransactionMode = {}): void {
    this.#transaction = new Transaction(mode);
  }

  changeMode(mode: TransactionMode): void {
    this.#transaction?.change(mode);
  }

  dropTemporary(): void {
    if (!this.#temporary) return;
    // The executor forgets them when it ends; another starts when it is needed.
    this.#executor?.kill(new EngineError('cancelled', 'temporary tables are dropped'));
    this.#settle();
  }

  commit(): void | Promise<void> {
    const transaction = this.#transaction;
    if (transaction?.begun === true || transaction?.lost === true) return this.#commit(transaction);
    this.#endTransaction();
  }

  rollback(): void | Promise<void> {
    const transaction = this.#transaction;
    for (const rows of this.#open) rows.close();
    if (transaction?.begun === true && !transaction.lost) return this.#rollback();
    this.#endTransaction();
  }

  async savepoint(name: string): Promise<void> {
    this.#stopwatch.restart();
    await this.#transaction?.savepoint(name, (sql) => this.#control(sql));
  }

  async release(name: string): Promise<void> {
    this.#stopwatch.restart();
    await this.#transaction?.release(name, (sql) => this.#control(sql));
  }

  async rollbackTo(name: string): Promise<void> {
    this.#stopwatch.restart();
    await this.#transaction?.rollbackTo(name, (sql) => this.#control(sql));
  }

  cancel(): void {
    this.#interrupt(new EngineError('cancelled', 'canceling statement due to user request'));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#interrupt(new EngineError('cancelled', 'the client has left'));
    if (this.#executor?.busy === true || this.#temporary) {
      this.#executor?.kill(new EngineError('cancelled', 'the client has left'));
    }
    for (const rows of this.#open) rows.close();
    void this.rollback();
    this.#temporary = false;
    this.#settle();
  }

  // What its rows call.

  more(id: number, limit: number): Promise<ExecutorAnswer> {
    return this.#ask((executor) => executor.ask({ kind: 'more', id, limit }));
  }

  ended(rows: RemoteRows): void {
    this.#open.delete(rows);
    this.#settle();
  }

  #readHere(
    known: Known,
    parameters: readonly Value[],
    maxRows: number,
  ): readonly (readonly Value[])[] | undefined {
    try {
      return this.#shared.reader.read(known, parameters, this.facts, maxRows);
    } catch (error) {
      // Somebody outside holds the database locked: waiting is not for the event loop.
      if (error instanceof EngineError && (error.sqliteCode & 0xff) === 5) return undefined;
      throw error;
    }
  }

  /** @throws EngineError `read-only` */
  #mayWrite(): void {
    if (this.#shared.readOnly) throw new EngineError('read-only', 'the database is read-only');
    if (this.#transaction?.readOnly === true)
      throw new EngineError('read-only', 'the transaction is read-only');
  }

  /** Runs a statement in an executor, with all that it needs: its turn to write, a transaction. */
  async #run(
    sql: string,
    parameters: readonly Value[],
    encoding: Encoding,
    limit: number,
    writes: boolean,
  ): Promise<Rows> {
    this.#stopwatch.restart();
    try {
      await this.#prepareExecutor(writes);
      let answer = await this.#askToOpen(sql, parameters, encoding, limit);
      if (answer.kind === 'would-write') {
        this.#mayWrite();
        await this.#prepareExecutor(true);
        answer = await this.#askToOpen(sql, parameters, encoding, limit);
      }
      if (answer.kind !== 'batch')
        throw new EngineError('executor-died', `an executor answered ${answer.kind}`);
      if (answer.temporary) this.#temporary = true;
      const rows = new RemoteRows(answer, this.#executor as Executor, this);
      if (answer.last) this.#settle();
      else this.#open.add(rows);
      return rows;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  async #prepareExecutor(writes: boolean): Promise<void> {
    const { queue, pool } = this.#shared;
    const transaction = this.#transaction;
    if (writes && this.#turn === undefined) {
      this.#turn = await this.#timed(() => queue.enter(this.#stop.signal));
    }
    if (this.#executor === undefined) {
      const { signal } = this.#stop;
      this.#executor = await this.#timed(() => pool.acquire(signal, writes));
      // Starting one is not what the statement takes.
      await this.#executor.ready;
      signal.throwIfAborted();
    }
    if (transaction === undefined || transaction.begun) return;
    if (writes || transaction.wantsSnapshot) await transaction.beginIn((sql) => this.#control(sql), writes);
  }

  #askMany(sql: string, parameters: readonly (readonly Value[])[]): Promise<ExecutorAnswer> {
    const mayWrite = this.#turn !== undefined;
    return this.#ask((executor) => {
      const id = executor.newId();
      const facts = executor.news(this.facts);
      return executor.ask({ kind: 'many', id, sql, parameters, mayWrite, facts });
    });
  }

  #askToOpen(
    sql: string,
    parameters: readonly Value[],
    encoding: Encoding,
    limit: number,
  ): Promise<ExecutorAnswer> {
    const mayWrite = this.#turn !== undefined && this.#transaction?.readOnly !== true;
    return this.#ask((executor) =>
      executor.ask({
        kind: 'open',
        id: executor.newId(),
        sql,
        parameters,
        encoding,
        limit,
        mayWrite,
        facts: executor.news(this.facts),
      }),
    );
  }

  async #describeRemotely(sql: string, executor: Executor): Promise<Description> {
    this.#stopwatch.restart();
    const facts = executor.news(this.facts);
    const answer = await this.#ask(() =>
      executor.ask({ kind: 'describe', id: executor.newId(), sql, facts }),
    );
    if (answer.kind !== 'description')
      throw new EngineError('executor-died', `an executor answered ${answer.kind}`);
    return { columns: answer.columns, readOnly: answer.readOnly };
  }

  async #control(sql: string): Promise<void> {
    await this.#ask((executor) => executor.ask({ kind: 'control', id: executor.newId(), sql }));
  }

  #ask(ask: (executor: Executor) => Promise<ExecutorAnswer>): Promise<ExecutorAnswer> {
    const executor = this.#executor;
    if (executor === undefined)
      return Promise.reject(new EngineError('executor-died', 'there is no executor'));
    return this.#timed(() => ask(executor));
  }

  /** Does something within the time limit of the statement. */
  #timed<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#stopwatch.time(work, () =>
      this.#interrupt(new EngineError('timeout', 'canceling statement due to statement timeout')),
    );
  }

  #interrupt(cause: EngineError): void {
    this.#stop.abort(cause);
    this.#stop = new AbortController();
    if (this.#executor?.busy === true) this.#executor.kill(cause);
  }

  #failed(error: unknown): void {
    const transaction = this.#transaction;
    const executor = this.#executor;
    const known = error instanceof EngineError || error instanceof SqlError;
    if (transaction?.begun === true && executor !== undefined) {
      // A full disk, say, makes SQLite roll back the whole transaction.
      if (executor.dead || !known || (error.name === 'EngineError' && !executor.inTransaction))
        transaction.lost = true;
    }
    this.#settle();
  }

  async #commit(transaction: Transaction): Promise<void> {
    this.#stopwatch.restart();
    try {
      transaction.check();
      await this.#control('COMMIT');
    } catch (error) {
      await this.rollback();
      throw error;
    }
    this.#endTransaction();
  }

  async #rollback(): Promise<void> {
    this.#stopwatch.restart();
    try {
      await this.#control('ROLLBACK');
    } catch (error) {
      // What cannot be rolled back is ended with its process.
      this.#executor?.kill(error as Error);
    }
    this.#endTransaction();
  }

  #endTransaction(): void {
    this.#transaction = undefined;
    this.#settle();
  }

  /** Gives back what is not needed any more. */
  #settle(): void {
    const { reader, pool } = this.#shared;
    if (this.#executor?.dead === true) this.#temporary = false;
    if (this.#open.size > 0 && this.#executor?.dead !== true) return;
    if (this.#transaction?.begun !== true) {
      if (this.#turn !== undefined) reader.refresh();
      this.#turn?.release();
      this.#turn = undefined;
    }
    if (this.#executor === undefined || (this.pinned && !this.#executor.dead)) return;
    pool.release(this.#executor);
    this.#executor = undefined;
  }
}
