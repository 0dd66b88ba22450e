import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { domainToASCII } from 'node:url';
import { parseAddress } from '../dns/ip-address.ts';
import { HostsTable, MAX_ADDRESSES } from './hosts-table.ts';

/** The longest line that is read, in characters. */
const MAX_LINE = 65_536;
/** How many warnings are kept; the others are counted. */
const MAX_WARNINGS = 100;
/** Letters, digits, hyphens and underscores between dots (RFC 1123 section 2.1, and what is in use). */
const hostName = /^(?=.{1,253}\.?$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i;

/** Something in a hosts file that was passed over. */
export type HostsWarning = {
  /** The first is 1. */
  readonly line: number;
  readonly problem: string;
};

/** What was read from a hosts file. */
export type HostsFile = {
  readonly table: HostsTable;
  /** How many lines it has. */
  readonly lines: number;
  /** The first 100. */
  readonly warnings: readonly HostsWarning[];
  /** How many there are in all. */
  readonly warningCount: number;
};

/**
 * Reads a hosts file (hosts(5)): an address, a canonical name and aliases, between blanks and tabs; `#` begins a comment; lines end with LF, CR LF or
 * CR. International names are in UTF-8. It is read in pieces, with a turn for others between them. A bad line is passed over with a warning, and so is
 * a bad name on a line.
 *
 * @throws the error of the file system when the file cannot be read; an Error when it is not a regular file
 */
export async function readHostsFile(path: string): Promise<HostsFile> {
  if (!(await stat(path)).isFile()) throw new Error('it is not a regular file');
  const parser = new HostsParser();
  for await (const text of createReadStream(path, { encoding: 'utf8' })) parser.add(text);
  return parser.end();
}

/** Parses a hosts file that comes in pieces, cut anywhere. */
export class HostsParser {
  readonly #table = new HostsTable();
  readonly #warnings: HostsWarning[] = [];
  #warningCount = 0;
  #line = 0;
  /** The beginning of a line whose end has not come; no longer than a line may be. */
  #incomplete = '';
  /** Whether the last piece ended with CR: LF may follow. */
  #afterReturn = false;

  add(piece: string): void {
    if (piece === '') return;
    const rest = this.#afterReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
    this.#afterReturn = rest.endsWith('\r');
    const text = rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#parse(this.#incomplete + text.slice(start, end));
      this.#incomplete = '';
      start = end + 1;
    }
    // Enough of it to see that it is too long.
    this.#incomplete += text.slice(start, start + MAX_LINE + 1 - this.#incomplete.length);
  }

  end(): HostsFile {
    if (this.#incomplete !== '') this.#parse(this.#incomplete);
    return {
      table: this.#table,
      lines: this.#line,
      warnings: this.#warnings,
      warningCount: this.#warningCount,
    };
  }

  #parse(line: string): void {
    this.#line++;
    const problem = this.#read(this.#line === 1 && line.startsWith('\uFEFF') ? line.slice(1) : line);
    if (problem !== undefined) this.#warn(problem);
  }

  /** Takes what a line says; returns what is wrong with the line as a whole. */
  #read(line: string): string | undefined {
    if (line.length > MAX_LINE) return `the line is longer than ${MAX_LINE} characters`;
    const comment = line.indexOf('#');
    const text = (comment < 0 ? line : line.slice(0, comment)).trim();
    if (text === '') return undefined;
    const [first = '', ...names] = text.split(/\s+/);
    const address = parseAddress(first);
    if (address === undefined) return `${shown(first)} is not an IP address`;
    if (names.length === 0) return `the address ${first} has no name`;
    // Such an address means nothing to another host, and an answer has no place for the zone (RFC 4007 section 6).
    const isOfLink = first.includes('%');
    if (isOfLink)
      this.#warn(`${shown(first)} is an address on a link of this machine alone, and is not answered`);
    for (const given of names) {
      const name = hostNameIn(given);
      if (name === undefined) {
        this.#warn(`${shown(given)} is not a host name`);
        continue;
      }
      if (isOfLink) {
        this.#table.addNameOnly(name);
        continue;
      }
      this.#table.addName(address, name);
      if (!this.#table.addAddress(name, address)) {
        this.#warn(`${name} has more than ${MAX_ADDRESSES} addresses`);
      }
    }
    return undefined;
  }

  #warn(problem: string): void {
    this.#warningCount++;
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push({ line: this.#line, problem });
  }
}

/** A host name as it is asked for: in ASCII (RFC 5890 section 2.3.2.1), without a dot at its end; undefined when it is none. */
function hostNameIn(given: string): string | undefined {
  const isPlain = /^[\x21-\x7e]*$/.test(given);
  const ascii = isPlain || given.includes('%') ? given : domainToASCII(given);
  if (!hostName.test(ascii) || parseAddress(ascii) !== undefined) return undefined;
  return ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
}

/** What stands there, short and without control characters. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
