import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
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
 * Reads a hosts file (hosts(5)): an address, a canonical name and aliases, between blanks and tabs; `#` begins a comment. It is read in pieces, with
 * a turn for others between them. A bad line is passed over with a warning, and so is a bad name on a line.
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

  add(text: string): void {
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
    for (const given of names) {
      if (!hostName.test(given)) {
        this.#warn(`${shown(given)} is not a host name`);
        continue;
      }
      const name = given.endsWith('.') ? given.slice(0, -1) : given;
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

/** What somebody wrote, short and without control characters. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
