import { type BigIntStats, fstatSync, readdirSync, statSync } from 'node:fs';

/** Which files a database is made of, by device and inode; undefined for one that is not there. */
export type FileIdentity = {
  readonly main: string | undefined;
  /** The write-ahead log. */
  readonly log: string | undefined;
  /** The index of the log, which all processes that have the database open share. */
  readonly index: string | undefined;
};

/**
 * What is there now under the names of a database.
 * @param name as it was given; symbolic links are followed
 * @param path of the file that was opened: SQLite keeps the log beside it, wherever the links lead by now
 */
export function identityOf(name: string, path: string): FileIdentity {
  return { main: fileAt(name), log: fileAt(`${path}-wal`), index: fileAt(`${path}-shm`) };
}

/**
 * Whether they are the same files. Of a database that is only read, others may make and remove the log.
 */
export function areSame(one: FileIdentity, other: FileIdentity, readOnly: boolean): boolean {
  return one.main === other.main && (readOnly || (one.log === other.log && one.index === other.index));
}

export function fileAt(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found && nameOf(found);
  } catch {
    // A folder on the way is gone or not readable: so is the file.
    return undefined;
  }
}

/** What is known of an open file; undefined when the descriptor is that of another one, or of none. */
export function statOf(descriptor: number | undefined, identity: string): BigIntStats | undefined {
  if (descriptor === undefined) return undefined;
  try {
    const found = fstatSync(descriptor, { bigint: true });
    return nameOf(found) === identity ? found : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A descriptor that this process has of a file already. To open the files of a database a second time would be wrong: closing
 * any descriptor of a file gives up all the locks that the process has on it, those of SQLite too (fcntl(2), "Record locks").
 * Undefined where a process cannot list its descriptors.
 */
export function descriptorOf(identity: string): number | undefined {
  let names: readonly string[];
  try {
    names = readdirSync('/dev/fd');
  } catch {
    return undefined;
  }
  return names.map(Number).find((descriptor) => statOf(descriptor, identity) !== undefined);
}

function nameOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
