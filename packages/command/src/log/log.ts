import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { formatAddress, type Server, type ServerEvent, type ServerEventType } from 'zocalo';
import type { Setting, Settings } from 'zocalo/service';
import { isOwnFrame } from '../failure.ts';
import { oneLine } from '../text.ts';
import { isTlsError, sentence } from './event-text.ts';
import { LogSink } from './log-sink.ts';
import { jsonLogger, type LogLevel, logLevels, lostLinesText, prettyLogger } from './logger.ts';

/** How the log is written: sentences for a person, lines of JSON, or not at all. */
export type LogFormat = 'pretty' | 'json' | 'off';

export const logSetting: Setting = {
  name: 'log',
  type: { kind: 'choice', of: ['pretty', 'json', 'off'] },
  placeholder: 'format',
  help: 'how to log to stderr: pretty, json or off (default: pretty on a terminal, json elsewhere)',
  default: undefined,
};
const levelSetting: Setting = {
  name: 'log-level',
  type: { kind: 'choice', of: logLevels },
  placeholder: 'level',
  help: `the least grave that is logged: ${logLevels.join(', ')}; debug has every message`,
  default: 'info',
};
const fileSetting: Setting = {
  name: 'log-file',
  type: { kind: 'text' },
  placeholder: 'path',
  help: 'append the log to a file instead; SIGUSR2 opens it anew, after a rotation (default: stderr)',
  default: undefined,
};
const quietSetting: Setting = {
  name: 'quiet',
  type: { kind: 'switch' },
  placeholder: '',
  help: 'the same as --log off',
  default: undefined,
};
/** The flags of a log on stderr. */
export const logSettings: readonly Setting[] = [logSetting, quietSetting];
/** What a file of servers may say of the log. */
export const logKeys: readonly Setting[] = [logSetting, levelSetting, fileSetting];
/** The flags of the log of servers. */
export const serverLogSettings: readonly Setting[] = [...logKeys, quietSetting];

/** The log format that settings ask for, or else the one that suits where it goes. */
export function logFormat(settings: Settings): LogFormat {
  if (settings.quiet === true) return 'off';
  const usual = settings['log-file'] === undefined && process.stderr.isTTY ? 'pretty' : 'json';
  return (settings.log as LogFormat | undefined) ?? usual;
}

/** What the command reports of its servers. A server never waits for it. */
export interface Log {
  /** Writes down the events of a server. */
  watch(name: string, server: Server): void;
  /** Prints a message on stderr, unless a JSON log goes there. */
  print(message: string): void;
  /** Reports what went wrong, in every log. @param event its name, for programs */
  warn(event: string, message: string): void;
  /** Opens the file of the log anew, which has been moved away. */
  reopen(): void;
  /** Writes what is still held back. */
  end(): Promise<void>;
}

/**
 * Makes a log; what makes its lines is loaded only when there is one.
 * @param settings `log`, `quiet`, `log-level` and `log-file`
 * @throws Failure when its file cannot be opened
 */
export async function createLog(settings: Settings): Promise<Log> {
  const format = logFormat(settings);
  const { 'log-level': level = 'info', 'log-file': file } = settings as {
    'log-level'?: LogLevel;
    'log-file'?: string;
  };
  const json = format === 'json';
  const stderr = await LogSink.ofStderr(lostLinesText(json && file === undefined));
  const print = (text: string) => stderr.write(`zocalo: ${text}\n`);
  if (format === 'off')
    return { watch() {}, print, warn: (_, text) => print(text), reopen() {}, end: () => stderr.end() };
  const sink = file === undefined ? stderr : LogSink.ofFile(resolve(file), lostLinesText(json));
  const colour = file === undefined && process.stderr.isTTY && process.stderr.hasColors();
  const logger = await (json ? jsonLogger(sink, level) : prettyLogger(sink, level, colour));
  const printUnlessJson = json && file === undefined ? () => {} : print;
  return {
    watch: (name, server) => (json ? watchAsJson : watchAsText)(logger, name, server),
    print: printUnlessJson,
    warn(event, text) {
      if (json) logger.warn({ event }, text);
      printUnlessJson(text);
    },
    reopen() {
      try {
        sink.reopen();
      } catch (error) {
        logger.error({ event: 'log-kept' }, `${oneLine(error)}; the log goes on where it was`);
      }
    },
    async end() {
      await Promise.all([sink.end(), stderr.end()]);
    },
  };
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
/** What is heard only at the level debug: it costs something for each message. */
const debugEvents = ['accepted', 'message'] as const;

const warnings = new Set<ServerEventType>(['notice', 'fallback', 'worker-died']);
const debugTypes = new Set<ServerEventType>(debugEvents);

/** Listening and draining are printed by the command itself. */
function watchAsText(logger: Logger, name: string, server: Server): void {
  subscribe(logger, server, events, (event) =>
    write(logger, event, {}, `${name}: ${sentence(event)}${stackIn(event)}`),
  );
}

function watchAsJson(logger: Logger, name: string, server: Server): void {
  const log = (event: ServerEvent) => {
    const { type, ...facts } = event;
    // The name by which pino knows an error.
    const { error: err, ...others } = { error: undefined, ...facts };
    write(logger, event, { server: name, event: type, ...others, err }, sentence(event));
  };
  // It was listening before a subscription was possible.
  const { model, addresses } = server;
  const endpoints = Object.entries(addresses);
  for (const [dialect, where] of endpoints) {
    const spoken = endpoints.length > 1 ? { dialect } : {};
    log({ type: 'listening', protocol: name, ...spoken, model, address: formatAddress(where) });
  }
  subscribe(logger, server, [...events, 'draining', 'stopped'], log);
}

function subscribe(
  logger: Logger,
  server: Server,
  types: readonly ServerEventType[],
  subscriber: (event: ServerEvent) => void,
): void {
  const heard = logger.isLevelEnabled('debug') ? [...types, ...debugEvents] : types;
  for (const type of heard) server.events.on(type, subscriber);
}

function write(logger: Logger, event: ServerEvent, facts: object, message: string): void {
  // What strangers make of TLS is nothing that an operator has to mend.
  if (event.type === 'error' && isTlsError(event.error)) logger.warn(facts, message);
  else if (event.type === 'error') logger.error(facts, message);
  else if (warnings.has(event.type)) logger.warn(facts, message);
  else if (debugTypes.has(event.type)) logger.debug(facts, message);
  else logger.info(facts, message);
}

/** The stack of what a handler threw or a worker died of: without the frames of Node and of this package. */
function stackIn(event: ServerEvent): string {
  const error = failureIn(event);
  if (!(error instanceof Error)) return '';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return frames
    .filter((frame) => !isOwnFrame(frame) && !frame.includes('(node:'))
    .map((frame) => `\n${frame}`)
    .join('');
}

function failureIn(event: ServerEvent): unknown {
  if (event.type === 'worker-died') return event.error.cause;
  const failed = event.type === 'error' && event.client !== undefined && !isTlsError(event.error);
  return failed ? event.error : undefined;
}
