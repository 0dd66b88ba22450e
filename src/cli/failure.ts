/** The exit statuses of the command. */
export const OK = 0;
export const FAILED = 1;
export const MISUSED = 2;
/** What a shell reports for a program that Ctrl-C ended: 128 and the number of SIGINT. */
export const INTERRUPTED = 130;

/** The command line, or a file it names, asks for something that cannot be: one line, exit status 2. */
export class UsageError extends Error {}

/** What was asked for did not work: one line, exit status 1. */
export class Failure extends Error {}

/** An error's message as one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
