import { EngineError } from './engine-error.ts';
import type { TransactionMode } from './types.ts';

/** Runs a statement of the engine in the session's executor. */
type Control = (sql: string) => Promise<void>;

/**
 * A transaction as its client sees it. SQLite's own begins with the first write, as a writing one: a transaction that read
 * first and then wants to write would fail when another session has written in between. Until then there is nothing
 * to undo, so savepoints are only names.
 */
export class Transaction {
  readOnly: boolean;
  /** Whether all statements read one snapshot. */
  wantsSnapshot: boolean;
  /** Whether SQLite's transaction has begun. */
  begun = false;
  /** Why its executor has ended, or SQLite has given it up. */
  #lost: Error | undefined;
  /** Whether the client has got that error. */
  #reported = false;
  #savepoints: string[] = [];

  constructor({ readOnly = false, snapshot = 'statement' }: TransactionMode) {
    this.readOnly = readOnly;
    this.wantsSnapshot = snapshot === 'transaction';
  }

  change({ readOnly, snapshot }: TransactionMode): void {
    if (readOnly !== undefined) this.readOnly = readOnly;
    if (snapshot !== undefined) this.wantsSnapshot = snapshot === 'transaction';
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /**
   * SQLite's transaction is no more, and holds nothing of what it held.
   * @param reported whether a statement fails with the cause; otherwise the next one does
   */
  lose(cause: Error, reported: boolean): void {
    this.begun = false;
    this.#lost ??= cause;
    this.#reported ||= reported;
  }

  /** @throws EngineError when it can only be rolled back */
  check(): void {
    if (this.#lost === undefined) return;
    if (!this.#reported) {
      this.#reported = true;
      throw this.#lost;
    }
    throw new EngineError(
      'transaction-lost',
      `the transaction was lost (${this.#lost.message}) and must be rolled back`,
    );
  }

  /** Begins SQLite's transaction, with the savepoints that were set before. */
  async beginIn(control: Control, writes: boolean): Promise<void> {
    const savepoints = this.#savepoints.map((name) => `; SAVEPOINT ${quoted(name)}`).join('');
    await control((writes ? 'BEGIN IMMEDIATE' : 'BEGIN') + savepoints);
    this.begun = true;
  }

  async savepoint(name: string, control: Control): Promise<void> {
    this.check();
    if (this.begun) await control(`SAVEPOINT ${quoted(name)}`);
    this.#savepoints.push(name);
  }

  /** @throws EngineError `no-savepoint` */
  async release(name: string, control: Control): Promise<void> {
    this.check();
    const place = this.#find(name);
    if (this.begun) await control(`RELEASE ${quoted(name)}`);
    this.#savepoints.length = place;
  }

  /** The savepoint stays. @throws EngineError `no-savepoint` */
  async rollbackTo(name: string, control: Control): Promise<void> {
    this.check();
    const place = this.#find(name);
    if (this.begun) await control(`ROLLBACK TO ${quoted(name)}`);
    this.#savepoints.length = place + 1;
  }

  #find(name: string): number {
    const place = this.#savepoints.lastIndexOf(name);
    if (place < 0) throw new EngineError('no-savepoint', `savepoint "${name}" does not exist`);
    return place;
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
