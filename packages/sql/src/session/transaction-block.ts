import type { TransactionModes } from '../dialect/commands.ts';
import type { SqlSession } from '../engine/types.ts';
import { SqlError } from '../sql-error.ts';
import type { TransactionStatus } from '../wire/reply-writer.ts';
import { ABORTED } from './failures.ts';
import type { SessionSettings } from './settings.ts';
import { awaited, type Work } from './work.ts';

/**
 * The transaction of a session, as PostgreSQL has it: a block between BEGIN and COMMIT, or an implicit one around what
 * was sent together; after a failure everything but its end is refused.
 */
export class TransactionBlock {
  readonly #session: SqlSession;
  readonly #settings: SessionSettings;
  #state: 'none' | 'implicit' | 'open' | 'failed' = 'none';
  #savepoints: string[] = [];
  /** When it began, in milliseconds since 1970. */
  startedAt = 0;
  /** Is called when it is over, one way or the other. */
  onEnd: (committed: boolean) => void = () => {};

  constructor(session: SqlSession, settings: SessionSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  get status(): TransactionStatus {
    if (this.#state === 'failed') return 'E';
    return this.#state === 'open' ? 'T' : 'I';
  }

  /** Whether there is a block, implicit ones included. */
  get active(): boolean {
    return this.#state !== 'none';
  }

  /** Whether the client has asked for the block. */
  get explicit(): boolean {
    return this.#state === 'open' || this.#state === 'failed';
  }

  /** @returns whether there was none before */
  begin(modes: TransactionModes): boolean {
    if (this.#state === 'open') return false;
    if (this.#state === 'none') this.#start(modes);
    this.#state = 'open';
    return true;
  }

  /** Begins the block around what was sent together, unless there is one. */
  beginImplicit(): void {
    if (this.#state !== 'none') return;
    this.#start({});
    this.#state = 'implicit';
  }

  /** @throws SqlError 25P02 in a block that has failed */
  check(): void {
    if (this.#state !== 'failed') return;
    throw new SqlError('25P02', ABORTED);
  }

  /** @returns whether it was committed: one that has failed is rolled back. @throws EngineError */
  *commit(): Work<boolean> {
    if (this.#state === 'failed') {
      yield* this.rollback();
      return false;
    }
    if (this.#state === 'none') return true;
    try {
      yield* awaited(this.#session.commit());
    } catch (error) {
      this.#end(false);
      throw error;
    }
    this.#end(true);
    return true;
  }

  *endImplicit(): Work {
    if (this.#state === 'implicit') yield* this.commit();
  }

  *rollback(): Work {
    if (this.#state === 'none') return;
    yield* awaited(this.#session.rollback());
    this.#end(false);
  }

  /** A statement has failed: an implicit block is rolled back, one that the client has begun waits for its end. */
  *fail(): Work {
    if (this.#state === 'implicit') yield* this.rollback();
    else if (this.#state === 'open') {
      this.#state = 'failed';
      // Without savepoints nothing of it can be kept, and others may be waiting to write.
      if (this.#savepoints.length === 0) yield* awaited(this.#session.rollback());
    }
  }

  /** SET TRANSACTION: holds for what comes from now on. */
  change({ isolation, readOnly }: TransactionModes): void {
    this.#session.changeMode({
      ...(readOnly === undefined ? {} : { readOnly }),
      ...(isolation === undefined ? {} : { snapshot: snapshotOf(isolation) }),
    });
  }

  *savepoint(name: string): Work {
    this.#needBlock('SAVEPOINT');
    yield* awaited(this.#session.savepoint(name));
    this.#savepoints.push(name);
  }

  *release(name: string): Work {
    this.#needBlock('RELEASE SAVEPOINT');
    const place = this.#find(name);
    yield* awaited(this.#session.release(name));
    this.#savepoints.length = place;
  }

  *rollbackTo(name: string): Work {
    this.#needBlock('ROLLBACK TO SAVEPOINT');
    const place = this.#find(name);
    yield* awaited(this.#session.rollbackTo(name));
    this.#savepoints.length = place + 1;
    this.#state = 'open';
  }

  #start(modes: TransactionModes): void {
    const settings = this.#settings;
    const isolation = modes.isolation ?? settings.get('default_transaction_isolation');
    const readOnly = modes.readOnly ?? settings.get('default_transaction_read_only') === 'on';
    settings.beginTransaction();
    if (isolation !== settings.get('transaction_isolation'))
      settings.set('transaction_isolation', isolation, true);
    if (readOnly) settings.set('transaction_read_only', 'on', true);
    this.#session.begin({ readOnly, snapshot: snapshotOf(isolation) });
    this.startedAt = Date.now();
  }

  #end(committed: boolean): void {
    this.#state = 'none';
    this.#savepoints = [];
    this.#settings.endTransaction(committed);
    this.onEnd(committed);
  }

  #needBlock(what: string): void {
    if (this.explicit) return;
    throw new SqlError('25P01', `${what} can only be used in transaction blocks`);
  }

  #find(name: string): number {
    const place = this.#savepoints.lastIndexOf(name);
    if (place < 0) throw new SqlError('3B001', `savepoint "${name}" does not exist`);
    return place;
  }
}

function snapshotOf(isolation: string): 'transaction' | 'statement' {
  return isolation === 'repeatable read' || isolation === 'serializable' ? 'transaction' : 'statement';
}
