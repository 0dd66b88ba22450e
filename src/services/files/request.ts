import { isName } from './names.ts';
import { type Status, status } from './status.ts';

/** What a client asks for. */
export type Request =
  | { readonly command: 'get_file_listing' | 'help' | 'quit' }
  | { readonly command: 'get_metadata'; readonly name: string }
  | SliceRequest;

export type SliceRequest = {
  readonly command: 'get_slice';
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** Whether the bytes are wanted as they are, after their number. */
  readonly raw: boolean;
};

/** The commands, as `help` tells them. */
export const commands = ['get_file_listing', 'get_metadata', 'get_slice', 'help', 'quit'] as const;

/** No command has more words, itself included; what a line has beyond them need not be taken apart. */
const MOST_WORDS = 5;

/** Reads a line without its ending. Checked in order: empty, the command, the number of arguments, their form. */
export function parseRequest(line: Buffer): Request | Status {
  if (line.length === 0) return status.empty;
  const [command = '', ...words] = line.toString('latin1').split(' ', MOST_WORDS + 1);
  switch (command) {
    case 'get_file_listing':
    case 'help':
    case 'quit':
      return words.length === 0 ? { command } : status.badArguments;
    case 'get_metadata': {
      const [name = ''] = words;
      return words.length === 1 && isName(name) ? { command, name } : status.badArguments;
    }
    case 'get_slice': {
      const [name = '', offset = '', size = '', form] = words;
      const formed = isName(name) && isNumber(offset) && isNumber(size) && (form ?? 'raw') === 'raw';
      if (words.length > 4 || !formed) return status.badArguments;
      // A number that is too large to be exact is beyond the end of any file.
      return { command, name, offset: Number(offset), size: Number(size), raw: form !== undefined };
    }
    default:
      return status.noSuchCommand;
  }
}

function isNumber(word: string): boolean {
  return /^[0-9]+$/.test(word);
}
