import type { Engine } from '../engine/engine.ts';
import { SqlError } from '../sql-error.ts';
import { reportOf } from '../wire/error-report.ts';
import type { FrontendMessage } from '../wire/frontend.ts';
import type { ReplyWriter } from '../wire/reply-writer.ts';
import { ClientState } from './client-state.ts';
import type { Compiler } from './compiler.ts';
import { CopyExchange } from './copy-exchange.ts';
import { ExtendedQuery } from './extended-query.ts';
import { milliseconds } from './known-settings.ts';
import type { ClientIdentity } from './session-info.ts';
import type { SessionSettings } from './settings.ts';
import { SimpleQuery } from './simple-query.ts';
import type { Work } from './work.ts';

/** One client after its start-up: carries out its messages in order, and says when it is ready for the next query. */
export class Backend {
  readonly out: ReplyWriter;
  readonly #client: ClientState;
  readonly #copy: CopyExchange;
  readonly #simple: SimpleQuery;
  readonly #extended: ExtendedQuery;
  /** Settings that have changed: they are reported when the answer is complete. */
  readonly #reports = new Map<string, string>();
  /** After an error in the extended protocol, everything up to the next Sync. */
  #skipping = false;
  #closed = false;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Is called when the client has been silent in a transaction for as long as its settings allow. */
  onIdleInTransaction = (): void => {};

  constructor(
    engine: Engine,
    compiler: Compiler,
    settings: SessionSettings,
    identity: ClientIdentity,
    out: ReplyWriter,
  ) {
    this.out = out;
    this.#client = new ClientState(engine, compiler, settings, identity, out);
    this.#copy = new CopyExchange(this.#client);
    this.#simple = new SimpleQuery(this.#client, this.#copy);
    this.#extended = new ExtendedQuery(this.#client, this.#copy);
    settings.onReport = (name, value) => this.#reports.set(name, value);
  }

  /** Carries out one message; the answer is in {@link out} afterwards, as far as it was not yielded. */
  *handle(message: FrontendMessage): Work {
    if (this.#idleTimer !== undefined) {
      clearTimeout(this.#idleTimer);
      this.#idleTimer = undefined;
    }
    yield* this.#handle(message);
    // Also one that was not asked for: others wait as long as a COPY is not ended, or a Sync does not come.
    if (this.#client.block.active) this.#watchIdle();
  }

  *#handle(message: FrontendMessage): Work {
    if (this.#copy.takesIn) {
      yield* this.#copied(message);
      return;
    }
    switch (message.type) {
      case 'query':
        this.#skipping = false;
        if (yield* this.#simple.run(message.sql)) this.#ready();
        return;
      case 'sync':
        yield* this.#sync();
        return;
      case 'parse':
      case 'bind':
      case 'describe':
      case 'execute':
      case 'close':
        if (!this.#skipping && !(yield* this.#extended.handle(message))) this.#skipping = true;
        return;
      case 'function-call':
        this.out.error(reportOf(new SqlError('0A000', 'function calls of the protocol are not supported')));
        this.#ready();
        return;
      case 'invalid':
        if (this.#skipping) return;
        this.out.error(reportOf(new SqlError(message.sqlstate, message.message)));
        yield* this.#client.block.fail();
        if (message.extended) this.#skipping = true;
        else this.#ready();
        return;
      default:
        // Flush has nothing to do here; what is left of a COPY that has failed is passed over.
        return;
    }
  }

  /** Stops the statement that runs, if any. */
  cancel(): void {
    this.#copy.cancel();
    this.#client.session.cancel(this.#copy.takesIn);
  }

  /** The client has left. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    this.#client.close();
  }

  *#copied(message: FrontendMessage): Work {
    const outcome = yield* this.#copy.take(message);
    if (outcome === 'goes on') return;
    const copied = outcome === 'done';
    if (this.#simple.waits) {
      if (yield* this.#simple.goOn(copied)) this.#ready();
    } else if (!copied) this.#skipping = true;
  }

  *#sync(): Work {
    this.#skipping = false;
    const { block, portals } = this.#client;
    try {
      yield* block.endImplicit();
    } catch (error) {
      yield* this.#client.fail(error, undefined);
    }
    if (!block.explicit) portals.closeAll();
    this.#ready();
  }

  #ready(): void {
    const { block, portals } = this.#client;
    if (!block.active) portals.closeAll();
    if (this.#reports.size > 0) {
      for (const [name, value] of this.#reports) this.out.parameterStatus(name, value);
      this.#reports.clear();
    }
    this.out.readyForQuery(block.status);
  }

  #watchIdle(): void {
    const limit = milliseconds(this.#client.settings.get('idle_in_transaction_session_timeout')) ?? 0;
    if (limit > 0 && !this.#closed)
      this.#idleTimer = setTimeout(() => this.onIdleInTransaction(), limit).unref();
  }
}
