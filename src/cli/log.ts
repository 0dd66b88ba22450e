import type { Logger } from 'pino';
import { formatAddress } from '../protocol/server-address.ts';
import type { ServerEvent, ServerEventType } from '../server/events.ts';
import type { Server } from '../server/server.ts';
import type { Setting } from '../services/service.ts';
import { sentence } from './event-words.ts';
import { jsonLogger, prettyLogger } from './logger.ts';

/** How the log is written, on stderr: sentences for a person, lines of JSON, or not at all. */
export type LogFormat = 'pretty' | 'json' | 'off';

export const logSetting: Setting = {
  name: 'log',
  type: { kind: 'choice', of: ['pretty', 'json', 'off'] },
  placeholder: 'format',
  help: 'how to log to stderr: pretty, json or off (default: pretty on a terminal, json elsewhere)',
  default: undefined,
};
const quietSetting: Setting = {
  name: 'quiet',
  type: { kind: 'switch' },
  placeholder: '',
  help: 'the same as --log off',
  default: undefined,
};
/** The settings of the log, for every command that serves. */
export const logSettings: readonly Setting[] = [logSetting, quietSetting];

/** The log format that flags ask for, or a file, or else the one that suits stderr. */
export function logFormat(flags: Readonly<Record<string, unknown>>, inFile?: LogFormat): LogFormat {
  if (flags.quiet === true) return 'off';
  return (flags.log as LogFormat | undefined) ?? inFile ?? (process.stderr.isTTY ? 'pretty' : 'json');
}

/** A subscriber to the events of servers. */
export interface Log {
  readonly format: LogFormat;
  watch(name: string, server: Server): void;
  /** Writes what is still held back. */
  end(): Promise<void>;
}

/** The address of the modules of this package. */
const PACKAGE = new URL('..', import.meta.url).href;
/** How much is held back while stderr takes nothing; beyond that lines are lost, and not the server's memory. In bytes. */
const MOST_HELD = 4 * 1_048_576;
/** How long stderr may take for the last lines, in milliseconds. */
const LAST_WORDS = 1_000;

/** Makes a log; what writes it is loaded only when there is one. */
export async function createLog(format: LogFormat): Promise<Log> {
  if (format === 'off') return { format, watch() {}, async end() {} };
  return format === 'pretty' ? prettyLog() : jsonLog();
}

const events = [
  'opened',
  'waiting',
  'refused',
  'closed',
  'error',
  'notice',
  'fallback',
  'worker-died',
  'worker-started',
] as const;

const warnings = new Set<ServerEventType>(['notice', 'fallback', 'worker-died']);

/** Of listening and draining a person is told by the command itself. */
async function prettyLog(): Promise<Log> {
  const logger = await prettyLogger();
  return {
    format: 'pretty',
    watch(name, server) {
      subscribe(server, events, (event) =>
        write(logger, event, {}, `${name}: ${sentence(event)}${stackIn(event)}`),
      );
    },
    async end() {},
  };
}

async function jsonLog(): Promise<Log> {
  // Not synchronous: a slow reader of the log must not hold up the clients.
  const { logger, stream } = await jsonLogger({ sync: false, maxLength: MOST_HELD });
  return {
    format: 'json',
    watch(name, server) {
      const log = (event: ServerEvent) => {
        const { type, ...facts } = event;
        // The name by which pino knows an error.
        const { error: err, ...others } = { error: undefined, ...facts };
        write(logger, event, { server: name, event: type, ...others, err }, sentence(event));
      };
      // It was listening before anybody could subscribe.
      const { model, addresses } = server;
      const doors = Object.entries(addresses);
      for (const [dialect, where] of doors) {
        const spoken = doors.length > 1 ? { dialect } : {};
        log({ type: 'listening', protocol: name, ...spoken, model, address: formatAddress(where) });
      }
      subscribe(server, [...events, 'draining', 'stopped'], log);
    },
    end: () =>
      new Promise((resolve) => {
        stream.once('close', resolve);
        setTimeout(resolve, LAST_WORDS);
        stream.end();
      }),
  };
}

function subscribe(
  server: Server,
  types: readonly ServerEventType[],
  subscriber: (event: ServerEvent) => void,
): void {
  for (const type of types) server.events.on(type, subscriber);
}

function write(logger: Logger, event: ServerEvent, facts: object, words: string): void {
  if (event.type === 'error') logger.error(facts, words);
  else if (warnings.has(event.type)) logger.warn(facts, words);
  else logger.info(facts, words);
}

/** Where a handler failed, or what a worker died of, for whoever wrote it: without the way there through Node and this package. */
function stackIn(event: ServerEvent): string {
  const error = failureIn(event);
  if (!(error instanceof Error)) return '';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return frames
    .filter((frame) => !frame.includes(PACKAGE) && !frame.includes('(node:'))
    .map((frame) => `\n${frame}`)
    .join('');
}

function failureIn(event: ServerEvent): unknown {
  if (event.type === 'worker-died') return event.error.cause;
  return event.type === 'error' && event.client !== undefined ? event.error : undefined;
}
