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

const packages = ['bench', 'cli', 'command', 'names', 'ring', 'services', 'sql'];
/** The folders of zocalo and of its packages, which are installed side by side: their frames in a stack are of no use to users. */
const ownFolders = [
  new URL('..', import.meta.resolve('zocalo')).href,
  ...packages.map((name) => new URL(`../../${name}/`, import.meta.url).href),
];

/** Whether a line of an error's stack is of zocalo or of one of its packages. */
export function isOwnFrame(frame: string): boolean {
  return ownFolders.some((folder) => frame.includes(folder));
}
