import type { SessionFacts, SqlSession } from '../engine/types.ts';
import { milliseconds } from './known-settings.ts';
import type { SessionSettings } from './settings.ts';
import type { TransactionBlock } from './transaction-block.ts';

/** Who the client is. */
export type Identity = {
  readonly user: string;
  readonly database: string;
  readonly processId: number;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverPort: number;
};

/** Tells the engine what functions may ask about the session, and how long a statement may take, when either has changed. */
export class CurrentFacts {
  readonly #session: SqlSession;
  readonly #settings: SessionSettings;
  readonly #block: TransactionBlock;
  readonly #identity: Identity;
  /** The limit that the server sets. */
  readonly #statementTimeout: number;
  #settingsVersion = -1;
  #lasting: SessionFacts = {};
  #statementStart = 0;
  #transactionStart = 0;

  constructor(session: SqlSession, settings: SessionSettings, block: TransactionBlock, identity: Identity) {
    this.#session = session;
    this.#settings = settings;
    this.#block = block;
    this.#identity = identity;
    this.#statementTimeout = session.statementTimeout;
  }

  /** As of now: a statement begins. */
  tell(): void {
    const fresh = this.#settings.version === this.#settingsVersion;
    if (!fresh) this.#readSettings();
    const now = Date.now();
    const transactionStart = this.#block.active ? this.#block.startedAt : now;
    if (fresh && now === this.#statementStart && transactionStart === this.#transactionStart) return;
    this.#statementStart = now;
    this.#transactionStart = transactionStart;
    this.#session.facts = { ...this.#lasting, statementStart: now, transactionStart };
  }

  #readSettings(): void {
    const settings = this.#settings;
    this.#settingsVersion = settings.version;
    const own = milliseconds(settings.get('statement_timeout')) ?? 0;
    const most = this.#statementTimeout;
    this.#session.statementTimeout = own === 0 ? most : Math.min(most, own);
    const values = [...settings.all()].map(([name, value]) => [name.toLowerCase(), value]);
    this.#lasting = { ...this.#identity, settings: JSON.stringify(Object.fromEntries(values)) };
  }
}
