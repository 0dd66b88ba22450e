import {
  type Client,
  FrameTooLongError,
  lines,
  type Protocol,
  type RefusalCause,
  type Reply,
  ZocaloError,
} from 'zocalo';
import { isExitCommand } from 'zocalo/service';
import type { Answer, Lookup } from '../dns/answer.ts';
import { answerLines } from './line-answer.ts';
import { parseLine } from './line-question.ts';
import { statisticsLines } from './statistics.ts';

/** Longer lines are no questions: a name has 253 characters at most, and not many more as a person writes it. In bytes. */
const MAX_LINE = 1_024;

/** Refusals that a client may retry later. */
const busy: ReadonlySet<RefusalCause> = new Set(['full', 'address', 'address-limit', 'no-worker']);

/** Questions and answers in lines of text, for people; docs/names.md has the grammar. */
export function lineDialect(names: Lookup): Protocol<string> {
  return {
    name: 'lines',
    framing: lines({ maxLength: MAX_LINE, unterminated: 'deliver' }),
    open: ({ messagesLeft }) =>
      messagesLeft === Number.POSITIVE_INFINITY ? 'READY\n' : `READY quota=${messagesLeft}\n`,
    wait: (place) => `WAIT ${place}\n`,
    refuse: (cause) => (busy.has(cause) ? 'BUSY\n' : `BYE ${cause}\n`),
    farewell: (reason) => `BYE ${reason}\n`,
    error(error) {
      if (error instanceof FrameTooLongError) return `ERR a line is longer than ${error.limit} bytes\n`;
      return `ERR ${error instanceof ZocaloError ? error.message : 'the server could not answer'}\n`;
    },
    message: (line, client) => reply(names, line, client),
  };
}

function reply(names: Lookup, line: string, client: Client): Reply {
  if (isExitCommand(line.trim())) {
    client.end();
    return 'BYE quit\n';
  }
  const request = parseLine(line);
  switch (request.kind) {
    case 'stats':
      return statisticsLines(names.stats(), client.server);
    case 'invalid':
      return `ERR ${request.message}\n`;
    case 'questions': {
      const answers = request.questions.map((question) => names.lookup(question, request.queryFlags));
      if (answers.some((answer) => answer instanceof Promise)) {
        return Promise.all(answers).then((all) => answerLines(request, all));
      }
      return answerLines(request, answers as Answer[]);
    }
  }
}
