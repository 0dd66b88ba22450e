import { isVersion } from './identity.ts';

/** The first line of the reply to a request that is not refused. */
export const OK = '0 OK\r\n';

/** Why a request is refused: a whole line each. Those that begin with 1 end the connection. */
export const status = {
  badEnding: '100 a line must end with CR LF\r\n',
  empty: '101 an empty line is not a request\r\n',
  tooLong: '101 the request is too long\r\n',
  tooSlow: '101 the request was not finished in time\r\n',
  internal: '199 the server could not answer\r\n',
  full: '199 the server is full, try again later\r\n',
  quota: '199 the quota is spent, try again later\r\n',
  draining: '199 the server is shutting down\r\n',
  noSuchCommand: '200 no such command\r\n',
  badArguments: '201 the arguments are wrong in number or form\r\n',
  noSuchFile: '202 no such file\r\n',
  beyondEnd: '203 the slice reaches beyond the end of the file\r\n',
  /** Only for requests that name a version. */
  otherVersion: '204 the file has changed: it is no longer that version\r\n',
} as const;

export type Status = (typeof status)[keyof typeof status];

/** The longest name of a file, in bytes (`NAME_MAX` of limits.h). */
export const MAX_NAME_BYTES = 255;

/** Whether a word has the form of a name: letters, digits, `.`, `_` and `-`, and neither of the two that stand for folders. */
export function isName(word: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(word) && word !== '.' && word !== '..';
}

/** What a client asks for. */
export type Request =
  | { readonly command: 'help' | 'quit' }
  | { readonly command: 'get_file_listing'; readonly full: boolean }
  | { readonly command: 'get_metadata'; readonly name: string; readonly full: boolean }
  | SliceRequest;

export type SliceRequest = {
  readonly command: 'get_slice';
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** The bytes in the mode of the server (undefined), as they are behind their length (`raw`), or their digest. */
  readonly form: 'raw' | 'sha256' | undefined;
  /** The version of the file that is wanted and no other; undefined for the one that is there. */
  readonly version: string | undefined;
};

/** The commands, as `help` tells them. */
export const commands = ['get_file_listing', 'get_metadata', 'get_slice', 'help', 'quit'] as const;

/** No command has more words, itself included; the rest of a longer line is not split. */
const MAX_WORDS = 6;

/** Reads a line without its ending. Checked in order: empty, the command, the number of arguments, their form. */
export function parseRequest(line: Buffer): Request | Status {
  if (line.length === 0) return status.empty;
  const [command = '', ...words] = line.toString('latin1').split(' ', MAX_WORDS + 1);
  switch (command) {
    case 'help':
    case 'quit':
      return words.length === 0 ? { command } : status.badArguments;
    case 'get_file_listing': {
      const [full] = words;
      const formed = words.length <= 1 && isFull(full);
      return formed ? { command, full: full !== undefined } : status.badArguments;
    }
    case 'get_metadata': {
      const [name = '', full] = words;
      const formed = words.length <= 2 && isName(name) && isFull(full);
      return formed ? { command, name, full: full !== undefined } : status.badArguments;
    }
    case 'get_slice':
      return parseSlice(words) ?? status.badArguments;
    default:
      return status.noSuchCommand;
  }
}

function parseSlice(words: readonly string[]): SliceRequest | undefined {
  const [name = '', offset = '', size = '', form, version] = words;
  if (words.length > 5 || !isName(name) || !isNumber(offset) || !isNumber(size)) return undefined;
  if (form !== undefined && form !== 'raw' && form !== 'sha256') return undefined;
  if (version !== undefined && (form !== 'raw' || !isVersion(version))) return undefined;
  // A number that is too large to be exact is beyond the end of any file.
  return { command: 'get_slice', name, offset: Number(offset), size: Number(size), form, version };
}

function isFull(word: string | undefined): boolean {
  return word === undefined || word === 'full';
}

function isNumber(word: string): boolean {
  return /^[0-9]+$/.test(word);
}
