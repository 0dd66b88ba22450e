import type { SessionInfo, SqlSession } from '../engine/types.ts';
import { milliseconds } from './known-settings.ts';
import type { SessionSettings } from './settings.ts';
import type { TransactionBlock } from './transaction-block.ts';

/** The client, as it has started. */
export type ClientIdentity = {
  readonly user: string;
  readonly database: string;
  readonly processId: number;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverPort: number;
};

/** Keeps what functions may ask about the session, and how long a statement may take, up to date in the engine. */
export class SessionInfoUpdater {
  readonly #session: SqlSession;
  readonly #settings: SessionSettings;
  readonly #block: TransactionBlock;
  readonly #identity: ClientIdentity;
  /** The limit that the server sets. */
  readonly #statementTimeoutMs: number;
  #settingsVersion = -1;
  #lasting: SessionInfo = {};
  #statementStart = 0;
  #transactionStart = 0;

  constructor(
    session: SqlSession,
    settings: SessionSettings,
    block: TransactionBlock,
    identity: ClientIdentity,
  ) {
    this.#session = session;
    this.#settings = settings;
    this.#block = block;
    this.#identity = identity;
    this.#statementTimeoutMs = session.statementTimeoutMs;
  }

  /** As of now: a statement begins. */
  update(): void {
    const fresh = this.#settings.version === this.#settingsVersion;
    if (!fresh) this.#readSettings();
    const now = Date.now();
    const transactionStart = this.#block.active ? this.#block.startedAt : now;
    if (fresh && now === this.#statementStart && transactionStart === this.#transactionStart) return;
    this.#statementStart = now;
    this.#transactionStart = transactionStart;
    this.#session.sessionInfo = { ...this.#lasting, statementStart: now, transactionStart };
  }

  #readSettings(): void {
    const settings = this.#settings;
    this.#settingsVersion = settings.version;
    const wanted = milliseconds(settings.get('statement_timeout')) ?? 0;
    const limit = this.#statementTimeoutMs;
    this.#session.statementTimeoutMs = wanted === 0 ? limit : Math.min(limit, wanted);
    const values = [...settings.all()].map(([name, value]) => [name.toLowerCase(), value]);
    this.#lasting = { ...this.#identity, settings: JSON.stringify(Object.fromEntries(values)) };
  }
}
