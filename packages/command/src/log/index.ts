export {
  createLog,
  type Log,
  type LogFormat,
  logFormat,
  logKeys,
  logSettings,
  serverLogSettings,
} from './log.ts';
export { LogSink } from './log-sink.ts';
export { jsonLogger, lostLinesText, plainLine, prettyLogger } from './logger.ts';
