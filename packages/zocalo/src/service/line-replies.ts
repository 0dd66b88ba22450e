import { FrameError, FrameTooLongError } from '../errors.ts';
import type { CloseReason } from '../session/close-reason.ts';
import type { Protocol } from '../session/protocol.ts';
import type { RefusalCause } from '../session/refusal-cause.ts';

/** Whether a line ends a conversation: `exit`, `quit` or `salir`, in upper or lower case, and nothing else. */
export function isExitCommand(line: string): boolean {
  return /^(?:exit|quit|salir)$/i.test(line);
}

/** The longest such line, in characters. */
export const MAX_EXIT_COMMAND_LENGTH = 5;
/** The answer to it. */
export const EXIT_REPLY = 'goodbye\n';

const refusals: Partial<Record<RefusalCause, string>> = {
  full: 'refused: the server is full, try again later\n',
  'wait-timeout': 'refused: no place came free in time, try again later\n',
  address: 'refused: too many clients of your address are waiting, try again later\n',
  quota: 'refused: the quota of your address is spent, try again later\n',
  draining: 'refused: the server is shutting down\n',
};

const farewells: Partial<Record<CloseReason, string>> = {
  idle: 'closing: no line came for too long\n',
  'frame-timeout': 'closing: a line was begun and not finished in time\n',
  'handler-timeout': 'closing: the answer took too long\n',
  'max-session': 'closing: the connection has lasted as long as is allowed\n',
  quota: 'closing: the quota is spent\n',
  drain: 'closing: the server is shutting down\n',
};

/** The messages of a protocol of lines that are no answers: one line each, which begins with what happened. */
export const lineReplies = {
  refuse: (cause) => refusals[cause],
  wait: (place) => `waiting: place ${place} in line\n`,
  admit: () => 'admitted: it is your turn\n',
  farewell: (reason) => farewells[reason],
  error(error) {
    if (error instanceof FrameTooLongError) return `error: a line is longer than ${error.limit} bytes\n`;
    if (error instanceof FrameError) return `error: ${error.message}\n`;
    return 'error: the server could not answer\n';
  },
} satisfies Partial<Protocol<unknown, unknown>>;
