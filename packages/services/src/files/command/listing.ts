import { visible } from '@zocalo/command';
import { FilesError } from '../client/errors.ts';
import type { Entry, FilesConnection } from '../client/files-connection.ts';

const NO_SUCH_FILE = 202;
/** How many names are quoted in a message. */
const MAX_QUOTED_NAMES = 5;

/** A name without what would control the terminal or the direction of writing (UAX #9). */
export function shown(name: string): string {
  const escaped = (char: string) => `<${char.charCodeAt(0).toString(16)}>`;
  return visible(name).replace(/[\u2028-\u202e\u2066-\u2069]/g, escaped);
}

/** The files of a listing by their names, without those that cannot be asked for. */
export function sorted(entries: readonly Entry[]): { listed: Entry[]; unaskable: Entry[] } {
  const inOrder = entries.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return {
    listed: inOrder.filter(({ unaskable }) => unaskable !== true),
    unaskable: inOrder.filter(({ unaskable }) => unaskable === true),
  };
}

/** Asks for the sizes that a listing does not tell. A file that has vanished meanwhile is left out. */
export async function withSizes(
  connection: FilesConnection,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  for (const entry of entries) {
    if (entry.size !== undefined || entry.unaskable === true) found.push(entry);
    else {
      try {
        found.push({ ...entry, ...(await connection.metadata(entry.name)) });
      } catch (error) {
        if (!(error instanceof FilesError) || error.status !== NO_SUCH_FILE) throw error;
      }
    }
  }
  return found;
}

/** A line for each file: its size, when it was changed, in the time of this machine, and its name. */
export function longListing(entries: readonly Entry[]): string {
  const width = entries.reduce((most, { size }) => Math.max(most, String(size ?? '-').length), 0);
  return entries
    .map(
      ({ name, size, modified }) =>
        `${String(size ?? '-').padStart(width)}  ${timeOf(modified)}  ${shown(name)}\n`,
    )
    .join('');
}

function timeOf(modified = ''): string {
  const time = new Date(modified);
  if (Number.isNaN(time.getTime())) return '-'.padEnd('2026-01-31 23:59'.length);
  const two = (number: number) => String(number).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** A sentence about the files that cannot be asked for. */
export function unaskableText(entries: readonly Entry[]): string {
  const quoted = entries.slice(0, MAX_QUOTED_NAMES).map(({ name }) => shown(JSON.stringify(name)));
  const more = entries.length > MAX_QUOTED_NAMES ? `, and ${entries.length - MAX_QUOTED_NAMES} more` : '';
  const files = entries.length === 1 ? '1 file has a name' : `${entries.length} files have names`;
  return `${files} that cannot be asked for: ${quoted.join(', ')}${more}`;
}
