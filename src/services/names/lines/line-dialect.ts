import { FrameTooLongError, ZocaloError } from '../../../errors.ts';
import { lines } from '../../../framing/lines.ts';
import type { Client } from '../../../protocol/client.ts';
import type { Protocol, Reply } from '../../../protocol/protocol.ts';
import { goodbyes } from '../../line-words.ts';
import type { Answer } from '../dns/answer.ts';
import type { Lookup } from '../resolver/lookup.ts';
import { answerLines } from './line-answer.ts';
import { parseLine } from './line-question.ts';
import { statisticsLines } from './statistics.ts';

/** Longer lines are no questions: a name has 253 characters at most, and not many more as a person writes it. In bytes. */
const MAX_LINE = 1_024;

/** Questions and answers in lines of text, for people; docs/names.md has the grammar. */
export function lineDialect(names: Lookup): Protocol<string> {
  return {
    name: 'lines',
    framing: lines({ maxLength: MAX_LINE, unterminated: 'deliver' }),
    open: ({ messagesLeft }) =>
      messagesLeft === Number.POSITIVE_INFINITY ? 'READY\n' : `READY quota=${messagesLeft}\n`,
    wait: (place) => `WAIT ${place}\n`,
    refuse: (cause) => (cause === 'full' || cause === 'address' ? 'BUSY\n' : `BYE ${cause}\n`),
    farewell: (reason) => `BYE ${reason}\n`,
    error(error) {
      if (error instanceof FrameTooLongError) return `ERR a line is longer than ${error.limit} bytes\n`;
      return `ERR ${error instanceof ZocaloError ? error.message : 'the server could not answer'}\n`;
    },
    message: (line, client) => reply(names, line, client),
  };
}

function reply(names: Lookup, line: string, client: Client): Reply {
  const request = parseLine(line, goodbyes);
  switch (request.kind) {
    case 'quit':
      client.end();
      return 'BYE quit\n';
    case 'stats':
      return statisticsLines(names.stats(), client.house);
    case 'mistake':
      return `ERR ${request.words}\n`;
    case 'ask': {
      const answers = request.questions.map((question) => names.lookup(question));
      if (answers.some((answer) => answer instanceof Promise)) {
        return Promise.all(answers).then((all) => answerLines(request, all));
      }
      return answerLines(request, answers as Answer[]);
    }
  }
}
