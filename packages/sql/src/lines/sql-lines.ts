import { type Client, FrameError, FrameTooLongError, type Protocol, type Reply } from 'zocalo';
import { EXIT_REPLY, lineReplies } from 'zocalo/service';
import type { SqlSession } from '../engine/types.ts';
import type { Mode } from './answer-format.ts';
import { answer } from './answers.ts';
import { command } from './commands.ts';
import { type Said, statementFraming } from './statement-framing.ts';

/** One client of the line dialect. */
export type LineClient = {
  readonly session: SqlSession;
  /** How its answers are written. */
  mode: Mode;
  /** The longest time limit that its statements may have, in milliseconds: that of the server. */
  readonly longest: number;
};

/**
 * The line dialect: statements of SQLite's SQL that end with a semicolon, and commands that begin with a dot. Made for people with
 * `nc` and for the simplest of programs.
 * @param open makes the session of a client
 */
export function sqlLines(open: () => SqlSession): Protocol<Said, LineClient> {
  return {
    ...lineReplies,
    name: 'sql-lines',
    framing: statementFraming(),
    state() {
      const session = open();
      return { session, mode: 'table', longest: session.statementTimeoutMs };
    },
    message: (said, client) => reply(said, client),
    error(error) {
      if (error instanceof FrameTooLongError)
        return `error: a statement is longer than ${error.limit} bytes\n`;
      return error instanceof FrameError ? `error: ${error.message}\n` : lineReplies.error(error);
    },
    close: (client) => client.state.session.close(),
  };
}

function reply(said: Said, client: Client<LineClient>): Reply {
  switch (said.kind) {
    case 'statement':
      return answer(client.state, said.sql);
    case 'unfinished':
      return 'error: the last statement has no ; at its end, and was not carried out\n';
    case 'command':
      if (said.line !== 'quit') return command(client.state, said.line);
      client.end();
      return EXIT_REPLY;
  }
}
