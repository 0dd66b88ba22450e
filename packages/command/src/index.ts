/** What every command needs; it loads nothing else. Settings, logs, signals and connections are modules of their own. */
export { FAILED, Failure, INTERRUPTED, isOwnFrame, MISUSED, OK, UsageError } from './failure.ts';
export type { CommandEntry, CommandModule, Plugin } from './plugin.ts';
export { didYouMean, similarChoice } from './similar.ts';
export { formatTarget, parseTarget, type Target, targetForms } from './target.ts';
export { count, cutOff, formatTable, oneLine, visible } from './text.ts';
