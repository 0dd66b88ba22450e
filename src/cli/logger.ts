import type { Logger } from 'pino';

/** What writes to stderr for every log. pino is loaded only where there is one. */

/** Sentences for a person, written at once. */
export async function prettyLogger(): Promise<Logger> {
  const { pino } = await import('pino');
  const { default: pretty } = await import('pino-pretty');
  return pino(
    pretty({
      destination: 2,
      sync: true,
      colorize: process.stderr.isTTY && process.stderr.hasColors(),
      translateTime: 'HH:MM:ss.l',
      include: 'time,level',
    }),
  );
}

/**
 * One JSON object a line. `sync`: written at once. `maxLength`: else so many bytes are held back while stderr takes nothing;
 * the stream is there to wait for those at the end.
 */
export async function jsonLogger(to: { sync: true } | { sync: false; maxLength: number }) {
  const { pino } = await import('pino');
  const stream = pino.destination({ dest: 2, ...to });
  const logger: Logger = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
    stream,
  );
  return { logger, stream };
}
