import { SqlError } from '../sql-error.ts';
import type { FrontendMessage } from '../wire/frontend.ts';
import type { ClientState } from './client-state.ts';
import type { Compiled } from './compiler.ts';
import { CopyIn } from './copy-in.ts';
import { copyOut } from './copy-out.ts';
import type { Work } from './work.ts';

/** The messages of COPY: rows out at once, or rows in for as long as the client sends them. */
export class CopyExchange {
  readonly #client: ClientState;
  #in: CopyIn | undefined;
  #cancelled = false;

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
    this.#cancelled = false;
    out.copyInResponse(copyIn.columns);
  }

  /** Ends what the client is sending rows for; it gets the error at the next of its messages. */
  cancel(): void {
    this.#cancelled = true;
  }

  /** A message while the client sends rows. @returns the state of the COPY; the client has it as well */
  *take(message: FrontendMessage): Work<'goes on' | 'done' | 'failed'> {
    const copyIn = this.#in as CopyIn;
    try {
      if (this.#cancelled) throw new SqlError('57014', 'canceling statement due to user request');
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
