import type { Logger } from 'pino';
import type { LogSink } from './log-sink.ts';

/** How much is logged: what is less grave than the level is left out. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What makes the lines of every log. pino is loaded only where there is one. */

/** Sentences for a person. */
export async function prettyLogger(sink: LogSink, level: LogLevel, colour: boolean): Promise<Logger> {
  const { pino } = await import('pino');
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({
    colorize: colour,
    translateTime: 'HH:MM:ss.l',
    include: 'time,level',
  });
  return pino({ level }, { write: (line) => sink.write(format(line)) });
}

/** One JSON object a line. */
export async function jsonLogger(sink: LogSink, level: LogLevel): Promise<Logger> {
  const { pino } = await import('pino');
  return pino(
    {
      base: null,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
}

/** The line, in the form of the others, that says how many are lost. */
export function lostLinesText(json: boolean): (lost: number, why: string) => string {
  return (lost, why) => {
    const text = lost === 1 ? '1 line of the log is lost' : `${lost} lines of the log are lost`;
    return plainLine(json, 'log-lost', `${text}: ${why}`, { lines: lost });
  };
}

/** A warning of the command itself, in the form of the others, made without pino. */
export function plainLine(json: boolean, event: string, message: string, facts: object = {}): string {
  if (!json) return `zocalo: ${message}\n`;
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: 'warn', time, event, ...facts, msg: message })}\n`;
}
