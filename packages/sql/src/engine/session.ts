import { SqlError } from '../sql-error.ts';
import type { DatabaseFile } from './database-file.ts';
import { EngineError } from './engine-error.ts';
import type { Executor } from './executor.ts';
import type { ExecutorRequest, ExecutorResponse } from './executor-messages.ts';
import type { ExecutorPool } from './executor-pool.ts';
import type { Redefinition } from './redefine.ts';
import { BufferedRows, ExecutorRows, type RowsOwner } from './rows.ts';
import { clientLeft, SessionExecutor } from './session-executor.ts';
import type { CachedStatement, SharedReader } from './shared-reader.ts';
import { Transaction } from './transaction.ts';
import type {
  Description,
  Encoding,
  ExecuteOptions,
  Rows,
  SessionInfo,
  SqlSession,
  TransactionMode,
  Value,
} from './types.ts';
import type { WriteLock, WriteQueue } from './write-queue.ts';

/** What the sessions of an engine share. */
export type Shared = {
  readonly readOnly: boolean;
  readonly maxRows: number;
  readonly file: DatabaseFile;
  readonly reader: SharedReader;
  readonly pool: ExecutorPool;
  readonly queue: WriteQueue;
};

const values: Encoding = { form: 'values' };

/** One client of the engine: decides where a statement runs, and holds what it needs for it. */
export class Session implements SqlSession, RowsOwner {
  sessionInfo: SessionInfo;
  readonly #shared: Shared;
  readonly #open = new Set<ExecutorRows>();
  readonly #executor: SessionExecutor;
  /** The right to write: of the transaction, or of the statement that runs. */
  #writeLock: WriteLock | undefined;
  #transaction: Transaction | undefined;
  /** Whether the executor has temporary tables of this session. */
  #temporary = false;
  #rollingBack: Promise<void> | undefined;

  constructor(shared: Shared, statementTimeoutMs: number, sessionInfo: SessionInfo) {
    this.#shared = shared;
    this.#executor = new SessionExecutor(shared.pool, shared.file, (cause, reported) =>
      this.#executorEnded(cause, reported),
    );
    this.#executor.timeoutMs = statementTimeoutMs;
    this.sessionInfo = sessionInfo;
  }

  /** Whether statements have to run where earlier ones did, because only there is what those have done. */
  get pinned(): boolean {
    return this.#temporary || this.#transaction?.begun === true;
  }

  get inTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  get statementTimeoutMs(): number {
    return this.#executor.timeoutMs;
  }

  set statementTimeoutMs(milliseconds: number) {
    this.#executor.timeoutMs = milliseconds;
  }

  describe(sql: string): Description | Promise<Description> {
    this.#check();
    if (!this.pinned) {
      const { columns, effects } = this.#shared.reader.compile(sql, this.sessionInfo);
      return { columns, readOnly: !effects.writes && !effects.writesTemporary };
    }
    return this.#describeRemotely(sql, this.#executor.current as Executor);
  }

  execute(
    sql: string,
    parameters: readonly Value[] = [],
    options: ExecuteOptions = {},
  ): Rows | Promise<Rows> {
    this.#check();
    const { encoding = values, limit = 0, writes = false } = options;
    if (writes) this.#mayWrite();
    if (writes || this.pinned) return this.#run(sql, parameters, encoding, limit, writes);
    const { reader, maxRows } = this.#shared;
    const known = reader.compile(sql, this.sessionInfo);
    if (known.effects.writes) {
      this.#mayWrite();
      return this.#run(sql, parameters, encoding, limit, true);
    }
    if (known.cost !== 'heavy' && this.#transaction?.wantsSnapshot !== true) {
      const rows = this.#readHere(known, parameters, maxRows);
      if (rows !== undefined) return new BufferedRows(known.columns, rows);
    }
    return this.#run(sql, parameters, encoding, limit, false);
  }

  async executeMany(sql: string, parameters: readonly (readonly Value[])[]): Promise<number> {
    this.#check();
    return this.#attempt(async (signal) => {
      const writes = !this.pinned && this.#shared.reader.compile(sql, this.sessionInfo).effects.writes;
      if (writes) this.#mayWrite();
      let answer = await this.#askMany(await this.#prepareExecutor(writes, signal), sql, parameters);
      if (answer.kind === 'would-write') {
        this.#mayWrite();
        answer = await this.#askMany(await this.#prepareExecutor(true, signal), sql, parameters);
      }
      return answer.kind === 'done' ? answer.changes : 0;
    });
  }

  async redefine(change: Redefinition): Promise<void> {
    this.#check();
    this.#mayWrite();
    await this.#attempt(async (signal) => {
      const executor = await this.#prepareExecutor(true, signal);
      await this.#ask(executor, { kind: 'redefine', id: executor.newId(), change });
    });
  }

  async lock(): Promise<void> {
    if (this.#transaction === undefined) return;
    this.#check();
    this.#mayWrite();
    await this.#attempt((signal) => this.#prepareExecutor(true, signal));
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
    this.#executor.current?.kill(new EngineError('cancelled', 'temporary tables are dropped'));
  }

  commit(): void | Promise<void> {
    const transaction = this.#transaction;
    if (transaction?.begun === true || transaction?.lost === true) return this.#commit(transaction);
    this.#endTransaction();
  }

  rollback(): void | Promise<void> {
    const transaction = this.#transaction;
    for (const rows of this.#open) rows.close();
    if (transaction?.begun === true) return this.#rollback();
    this.#endTransaction();
  }

  async savepoint(name: string): Promise<void> {
    await this.#inTransaction((transaction, control) => transaction.savepoint(name, control));
  }

  async release(name: string): Promise<void> {
    await this.#inTransaction((transaction, control) => transaction.release(name, control));
  }

  async rollbackTo(name: string): Promise<void> {
    await this.#inTransaction((transaction, control) => transaction.rollbackTo(name, control));
  }

  cancel(writing = false): void {
    const cause = new EngineError('cancelled', 'canceling statement due to user request');
    this.#executor.interrupt(cause);
    const streaming = [...this.#open].some((rows) => rows.streaming);
    if (streaming || (writing && this.#writeLock !== undefined)) this.#executor.current?.kill(cause);
  }

  close(): void {
    if (this.#executor.closed) return;
    this.#executor.close(this.#temporary);
    void this.rollback();
    this.#releaseUnused();
  }

  // What its rows call.

  more(executor: Executor, id: number, limit: number): Promise<ExecutorResponse> {
    return this.#ask(executor, { kind: 'more', id, limit });
  }

  ended(rows: ExecutorRows): void {
    this.#open.delete(rows);
    this.#releaseUnused();
  }

  #readHere(
    known: CachedStatement,
    parameters: readonly Value[],
    maxRows: number,
  ): readonly (readonly Value[])[] | undefined {
    try {
      return this.#shared.reader.read(known, parameters, this.sessionInfo, maxRows);
    } catch (error) {
      // Another program holds the database locked: waiting is not for the event loop.
      if (error instanceof EngineError && (error.sqliteCode & 0xff) === 5) return undefined;
      throw error;
    }
  }

  /** @throws EngineError when nothing can be done any more, or nothing in this transaction */
  #check(): void {
    if (this.#executor.closed) throw clientLeft();
    this.#transaction?.check();
  }

  /** @throws EngineError `read-only` */
  #mayWrite(): void {
    if (this.#shared.readOnly) throw new EngineError('read-only', 'the database is read-only');
    if (this.#transaction?.readOnly === true)
      throw new EngineError('read-only', 'the transaction is read-only');
  }

  /** Runs a statement in an executor, with all that it needs: its turn to write, a transaction. */
  #run(
    sql: string,
    parameters: readonly Value[],
    encoding: Encoding,
    limit: number,
    writes: boolean,
  ): Promise<Rows> {
    return this.#attempt(async (signal) => {
      let executor = await this.#prepareExecutor(writes, signal);
      let answer = await this.#askToOpen(executor, sql, parameters, encoding, limit);
      if (answer.kind === 'would-write') {
        this.#mayWrite();
        executor = await this.#prepareExecutor(true, signal);
        answer = await this.#askToOpen(executor, sql, parameters, encoding, limit);
      }
      if (answer.kind !== 'batch')
        throw new EngineError('executor-died', `an executor answered ${answer.kind}`);
      const rows = new ExecutorRows(answer, executor, this);
      if (executor === this.#executor.current) {
        if (answer.temporary) this.#temporary = true;
        if (!answer.last) this.#open.add(rows);
      }
      return rows;
    });
  }

  /** Does what a statement asks for, within its time limit; then, also when it fails, gives back what is not needed. */
  async #attempt<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const signal = this.#executor.begin();
    try {
      const result = await work(signal);
      this.#releaseUnused();
      return result;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** @param signal of the moment at which the statement began: what aborts it may come while it waits */
  async #prepareExecutor(writes: boolean, signal: AbortSignal): Promise<Executor> {
    const { queue, file } = this.#shared;
    const transaction = this.#transaction;
    if (writes && this.#writeLock === undefined) {
      this.#writeLock = await this.#executor.timed(() => queue.acquire(signal));
      signal.throwIfAborted();
      file.check();
    }
    const executor = await this.#executor.acquire(signal, writes);
    if (transaction !== undefined && !transaction.begun && (writes || transaction.wantsSnapshot))
      await transaction.beginIn((sql) => this.#control(sql), writes);
    return executor;
  }

  #executorEnded(cause: Error, reported: boolean): void {
    this.#temporary = false;
    // They fail when they are asked for more.
    this.#open.clear();
    if (this.#transaction?.begun === true) this.#transaction.lose(cause, reported);
    this.#releaseUnused();
  }

  #askMany(
    executor: Executor,
    sql: string,
    parameters: readonly (readonly Value[])[],
  ): Promise<ExecutorResponse> {
    const id = executor.newId();
    const sessionInfo = executor.changedInfo(this.sessionInfo);
    return this.#ask(executor, {
      kind: 'many',
      id,
      sql,
      parameters,
      mayWrite: this.#writeLock !== undefined,
      sessionInfo,
    });
  }

  #askToOpen(
    executor: Executor,
    sql: string,
    parameters: readonly Value[],
    encoding: Encoding,
    limit: number,
  ): Promise<ExecutorResponse> {
    const mayWrite = this.#writeLock !== undefined && this.#transaction?.readOnly !== true;
    return this.#ask(executor, {
      kind: 'open',
      id: executor.newId(),
      sql,
      parameters,
      encoding,
      limit,
      mayWrite,
      sessionInfo: executor.changedInfo(this.sessionInfo),
    });
  }

  async #describeRemotely(sql: string, executor: Executor): Promise<Description> {
    this.#executor.begin();
    const sessionInfo = executor.changedInfo(this.sessionInfo);
    const answer = await this.#ask(executor, { kind: 'describe', id: executor.newId(), sql, sessionInfo });
    if (answer.kind !== 'description')
      throw new EngineError('executor-died', `an executor answered ${answer.kind}`);
    return { columns: answer.columns, readOnly: answer.readOnly };
  }

  async #control(sql: string): Promise<void> {
    const executor = this.#executor.current;
    if (executor === undefined) throw new EngineError('executor-died', 'there is no executor');
    await this.#ask(executor, { kind: 'control', id: executor.newId(), sql });
  }

  async #inTransaction(
    work: (transaction: Transaction, control: (sql: string) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    await this.#attempt(() => work(transaction, (sql) => this.#control(sql)));
  }

  async #ask(executor: Executor, request: ExecutorRequest): Promise<ExecutorResponse> {
    const answer = await this.#executor.ask(executor, request);
    // What was written without a transaction is committed now.
    const alone = this.#transaction?.begun !== true && request.kind !== 'control';
    if (alone && this.#writeLock !== undefined) this.#shared.file.check();
    return answer;
  }

  #failed(error: unknown): void {
    const executor = this.#executor.current;
    if (executor !== undefined) {
      const known = error instanceof EngineError || error instanceof SqlError;
      if (!known) executor.kill(error as Error);
      else if (this.#transaction?.begun === true && !executor.inTransaction) {
        // A full disk, say, makes SQLite roll back the whole transaction.
        this.#transaction.lose(error, true);
        for (const rows of this.#open) rows.close();
      }
    }
    this.#releaseUnused();
  }

  async #commit(transaction: Transaction): Promise<void> {
    this.#executor.begin();
    const writes = this.#writeLock !== undefined;
    try {
      transaction.check();
      if (writes) this.#shared.file.check();
      await this.#control('COMMIT');
      if (writes) this.#shared.file.check();
    } catch (error) {
      await this.rollback();
      throw error;
    }
    this.#endTransaction();
  }

  /** Asked again while it is under way, it is the same one: by the second the executor may be another client's. */
  #rollback(): Promise<void> {
    this.#rollingBack ??= this.#rollBackNow().finally(() => {
      this.#rollingBack = undefined;
    });
    return this.#rollingBack;
  }

  async #rollBackNow(): Promise<void> {
    const executor = this.#executor.current;
    if (executor?.inTransaction === true) {
      this.#executor.begin();
      try {
        await this.#executor.timed(() =>
          executor.ask({ kind: 'control', id: executor.newId(), sql: 'ROLLBACK' }),
        );
      } catch (error) {
        // What cannot be rolled back is ended with its process.
        executor.kill(error as Error);
      }
    }
    this.#endTransaction();
  }

  #endTransaction(): void {
    this.#transaction = undefined;
    this.#releaseUnused();
  }

  /** Gives back what is not needed any more. */
  #releaseUnused(): void {
    if (this.#open.size > 0) return;
    if (this.#transaction?.begun !== true && this.#writeLock !== undefined) {
      this.#shared.reader.refresh();
      this.#writeLock.release();
      this.#writeLock = undefined;
    }
    if (!this.pinned) this.#executor.release();
  }
}
