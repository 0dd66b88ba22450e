import { randomInt } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { count, Failure, UsageError } from '@zocalo/command';
import type { Journal } from '../journal/journal.ts';
import { MessageFile, MessageFileError, type Survey, surveyMessages } from '../node/message-file.ts';
import type { StreamChoice } from '../node/message-lines.ts';
import type { RingLog } from './log.ts';

/** What a node without a message file sends. */
export const nothing = { read: async () => ({ messages: [], end: true }), close: async () => {} };

type Opening = {
  file: string;
  id: number;
  choose: StreamChoice;
  follow: boolean;
  /** If it is another file than before it is sent from its first line on. */
  isNew: boolean;
  journal: Journal;
  log: RingLog;
};

/**
 * A message file, compared with what the journal knows of the one before, and a text that says how much of it was sent then.
 * @throws MessageFileError when it is another one; errors of node:fs
 */
export async function openMessages(opening: Opening): Promise<{ messages: MessageFile; resumed: string }> {
  const { file, id, choose, follow, isNew, journal, log } = opening;
  const reading = { id, choose, sent: journal.state };
  const survey = await surveyed(file, reading, () => {
    if (isNew) journal.beginFile(randomInt(1, 2 ** 32));
    return isNew;
  });
  const resumed = survey === undefined ? '' : resumedText(survey);
  if (resumed !== '') log({ type: 'resumed', ...survey }, `${file}: ${resumed}`);
  const { state } = journal;
  if (survey !== undefined) state.uncertainThrough = Math.min(state.uncertainThrough, survey.lines);
  const onInvalidLine = ({ line, reason }: { line: number; reason: string }) =>
    log({ type: 'bad-line', ...{ line, reason } }, `${file}:${line}: ${reason}; it is passed over`);
  const onUnterminated = (line: number) => {
    if (follow) return;
    log(
      { type: 'unended-line', ...{ line } },
      `${file}:${line}: the last line has no line end, as if it were still being written: ` +
        'it is not sent now, but at the next start when it has one',
    );
  };
  return { messages: new MessageFile(file, { ...reading, onInvalidLine, onUnterminated }), resumed };
}

/**
 * What of a message file was sent before. `begin`: it is another file than before, or a pipe of which that is not known; it may be begun as
 * a new one, or not.
 */
async function surveyed(
  file: string,
  reading: Parameters<typeof surveyMessages>[1],
  begin: () => boolean,
): Promise<Survey | undefined> {
  try {
    const survey = await surveyMessages(file, reading);
    if (survey === undefined) begin();
    return survey;
  } catch (error) {
    if (error instanceof MessageFileError && begin()) return surveyMessages(file, reading);
    throw error;
  }
}

/** Which of the messages an earlier process has dealt with; empty when none. */
function resumedText({ messages, sent }: Survey): string {
  return sent === 0 ? '' : `${sent} of ${count(messages, 'line')} ${sent === 1 ? 'was' : 'were'} sent before`;
}

/** @throws Failure, UsageError when it cannot be a message file */
export function readable(file: string, follow: boolean): void {
  try {
    accessSync(file, constants.R_OK);
    if (follow && !statSync(file).isFile())
      throw new UsageError(`--follow is for files that grow, and ${file} is none`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof UsageError) throw error;
    throw new Failure(
      code === 'ENOENT' ? `there is no message file ${file}` : `cannot read ${file}: ${code}`,
    );
  }
}
