import type { FrontendMessage } from '../wire/frontend.ts';
import { SqlError } from '../wire/sql-error.ts';
import type { ClientState } from './client-state.ts';
import type { Compiled } from './compiler.ts';
import { CopyIn } from './copy-in.ts';
import { copyOut } from './copy-out.ts';
import type { Work } from './work.ts';

/** The messages of COPY: rows out at once, or rows in for as long as the client sends them. */
export class CopyExchange {
  readonly #client: ClientState;
  #in: CopyIn | undefined;

  constructor(client: ClientState) {
    this.#client = client;
  }

  /** Whether the client is sending rows. */
  get takesIn(): boolean {
    return this.#in !== undefined;
  }

  /** Begins a COPY; one that sends rows out is over then. @throws SqlError, EngineError */
  *begin(compiled: Compiled): Work {
    const { out } = this.#client;
    if (compiled.command.kind === 'copy' && compiled.command.direction === 'to') {
      out.commandComplete(yield* copyOut(this.#client, compiled, out));
      return;
    }
    const copyIn = yield* CopyIn.begin(this.#client, compiled);
    this.#in = copyIn;
    out.copyInResponse(copyIn.columns);
  }

  /** A message while the client sends rows. @returns what has become of the COPY; the client has been told */
  *take(message: FrontendMessage): Work<'goes on' | 'done' | 'failed'> {
    const copyIn = this.#in as CopyIn;
    try {
      switch (message.type) {
        case 'copy-data':
          yield* copyIn.take(message.data);
          return 'goes on';
        case 'copy-done':
          this.#client.out.commandComplete(yield* copyIn.end());
          this.#in = undefined;
          return 'done';
        case 'copy-fail':
          throw new SqlError('57014', `COPY from stdin failed: ${message.message}`);
        case 'flush':
        case 'sync':
          return 'goes on';
        default:
          throw new SqlError('08P01', `unexpected message during COPY from stdin: ${message.type}`);
      }
    } catch (error) {
      this.#in = undefined;
      yield* this.#client.fail(error, copyIn.compiled);
      return 'failed';
    }
  }
}
