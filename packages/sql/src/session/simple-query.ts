import { SqlError } from '../sql-error.ts';
import type { ClientState } from './client-state.ts';
import type { Compiled } from './compiler.ts';
import type { CopyExchange } from './copy-exchange.ts';
import { Portal } from './portal.ts';
import { PreparedStatement } from './prepared-statement.ts';
import type { Work } from './work.ts';

/** The statements of one Query message: they are one transaction, unless they say otherwise. */
export class SimpleQuery {
  readonly #client: ClientState;
  readonly #copy: CopyExchange;
  /** What is to follow the COPY that the client sends rows for. */
  #behindCopy: (() => Work<boolean>) | undefined;

  constructor(client: ClientState, copy: CopyExchange) {
    this.#client = client;
    this.#copy = copy;
  }

  /** Whether a query waits for its COPY to end. */
  get waits(): boolean {
    return this.#behindCopy !== undefined;
  }

  /** Runs a query. @returns whether it is over; if not, it goes on behind a COPY */
  *run(sql: string): Work<boolean> {
    const { portals, compiler, out } = this.#client;
    portals.close('');
    let compiled: readonly Compiled[];
    try {
      const template = compiler.compileTemplate(sql);
      if (template !== undefined && this.#runs(template.compiled)) {
        const portal = new Portal(new PreparedStatement(template.compiled, []), template.values, []);
        return yield* this.#runAll([template.compiled], 0, portal);
      }
      compiled = compiler.compile(sql);
    } catch (error) {
      yield* this.#client.fail(error, undefined);
      return true;
    }
    if (compiled.length > 0) return yield* this.#runAll(compiled, 0);
    out.emptyQueryResponse();
    return true;
  }

  /** The COPY is over: what stands behind it runs now, or never. @returns whether the query is over */
  *goOn(copied: boolean): Work<boolean> {
    const next = this.#behindCopy;
    this.#behindCopy = undefined;
    return !copied || next === undefined ? true : yield* next();
  }

  /** Whether a query can be run as it is. If it cannot, what is said of it must be said of the text that the client sent. */
  #runs({ translation }: Compiled): boolean {
    const { block, session } = this.#client;
    if (block.status === 'E' || session.pinned) return false;
    try {
      session.describe(translation?.sql[0] ?? '');
      return true;
    } catch {
      return false;
    }
  }

  /** Runs statements that came together, from one of them on. */
  *#runAll(statements: readonly Compiled[], from: number, first?: Portal): Work<boolean> {
    let compiled: Compiled | undefined;
    try {
      for (let at = from; at < statements.length; at++) {
        compiled = statements[at] as Compiled;
        this.#client.check(compiled);
        if (statements.length > 1) this.#client.beginImplicit(compiled);
        yield* this.#runOne(compiled, first ?? new Portal(new PreparedStatement(compiled, []), [], []));
        if (this.#copy.takesIn) {
          this.#behindCopy = () => this.#runAll(statements, at + 1);
          return false;
        }
      }
      yield* this.#client.block.endImplicit();
    } catch (error) {
      yield* this.#client.fail(error, compiled);
    }
    return true;
  }

  *#runOne(compiled: Compiled, portal: Portal): Work {
    const { sessionInfo, out, locate } = this.#client;
    sessionInfo.update();
    if (compiled.parameters.length > 0 && portal.parameterCount === 0) {
      throw new SqlError('42P02', 'there is no parameter $1');
    }
    const opened = yield* portal.open(this.#client, compiled, 0);
    switch (opened.kind) {
      case 'done':
        out.commandComplete(opened.tag);
        return;
      case 'copy':
        yield* this.#copy.begin(opened.compiled);
        return;
      case 'rows': {
        const { result } = opened;
        out.rowDescription(compiled.described.for(result.columns, result.types, locate));
        yield* result.write(out, 0, []);
        out.commandComplete(opened.tag(result.sent));
      }
    }
  }
}
