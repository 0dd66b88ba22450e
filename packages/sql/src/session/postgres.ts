import {
  type Client,
  type CloseReason,
  FrameError,
  type Protocol,
  type RefusalCause,
  type Reply,
} from 'zocalo';
import type { Engine } from '../engine/engine.ts';
import { SqlError } from '../sql-error.ts';
import { reportOf } from '../wire/error-report.ts';
import type { FrontendMessage } from '../wire/frontend.ts';
import { frontendFraming } from '../wire/frontend-framing.ts';
import { ReplyWriter } from '../wire/reply-writer.ts';
import type { Cancellation } from './cancellation.ts';
import { Compiler } from './compiler.ts';
import { Conversation, type PostgresOptions } from './conversation.ts';

const refusals: Partial<Record<RefusalCause, SqlError>> = {
  full: new SqlError('53300', 'sorry, too many clients already'),
  'wait-timeout': new SqlError('53300', 'sorry, too many clients already: no place came free in time'),
  quota: new SqlError('53400', 'the quota of your address is spent'),
  address: new SqlError('53300', 'sorry, too many clients from your address already'),
  'address-limit': new SqlError('53300', 'sorry, too many clients from your address already'),
  denied: new SqlError('28000', 'connections from your address are not allowed'),
  'not-accepted': new SqlError('28000', 'this connection is not allowed'),
  'no-worker': new SqlError('53000', 'no worker could be started for this connection'),
  draining: new SqlError('57P03', 'the database system is shutting down'),
};

const farewells: Partial<Record<CloseReason, SqlError>> = {
  idle: new SqlError('57P05', 'terminating connection due to idle-session timeout'),
  'frame-timeout': new SqlError('08P01', 'a message was begun and not finished in time'),
  'handler-timeout': new SqlError('57014', 'the answer took too long'),
  'max-session': new SqlError('57P01', 'the connection has lasted as long as is allowed'),
  quota: new SqlError('53400', 'the quota is spent'),
  drain: new SqlError('57P01', 'terminating connection due to administrator command'),
};

/** The PostgreSQL protocol 3.0 over one SQLite database. */
export function postgres(
  engine: Engine,
  cancellation: Cancellation,
  options: PostgresOptions = {},
): Protocol<FrontendMessage, Conversation> {
  const compiler = new Compiler(engine);
  return {
    name: 'sql',
    framing: frontendFraming({ passwordMessages: options.verifier === undefined ? 0 : 2 }),
    halfClose: false,
    state: () => new Conversation(engine, compiler, cancellation, options),
    open: (client) => void client.state.begin(client),
    message(message, client): Reply {
      const conversation = client.state;
      if (message.type === 'terminate' || message.type === 'cancel-request') client.end();
      return conversation.answer(message);
    },
    close: (client) => client.state.leave(),
    error: (error) => fatal(errorOf(error)),
    farewell: (reason: CloseReason, client: Client<Conversation>) =>
      client.state.started ? fatal(farewells[reason]) : undefined,
    refuse: (cause) => fatal(refusals[cause]),
  };
}

function errorOf(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  if (error instanceof FrameError) return new SqlError('08P01', error.message);
  return new SqlError('XX000', 'internal error');
}

function fatal(error: SqlError | undefined): Buffer | undefined {
  if (error === undefined) return undefined;
  const writer = new ReplyWriter();
  writer.error(reportOf(error, 'FATAL'));
  return writer.take();
}
