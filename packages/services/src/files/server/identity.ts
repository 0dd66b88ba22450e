import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';

/** What tells one state of a file from another. */
export type Identity = {
  /** In bytes. */
  readonly size: number;
  /** When its content was last changed: UTC as in RFC 3339, with nanoseconds. */
  readonly modified: string;
  /** The same as long as it is the same file (a device and an inode), however it changes. */
  readonly file: string;
  /** Another with every change, of its content or of what is known of it. */
  readonly version: string;
};

export function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): Identity {
  return {
    size: Number(size),
    modified: formatTime(mtimeNs),
    file: token(`${dev} ${ino}`),
    version: token(`${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`),
  };
}

/** Whether a word has the form of a version. */
export function isVersion(word: string): boolean {
  return /^[0-9a-f]{32}$/.test(word);
}

/** Clients only compare tokens: what they are made of may change. */
function token(facts: string): string {
  return createHash('sha256').update(facts).digest('hex').slice(0, 32);
}

const SECOND = 1_000_000_000n;

/** A time since 1970 in nanoseconds, as RFC 3339 has it. */
export function formatTime(nanoseconds: bigint): string {
  // A remainder of a time before 1970 is negative.
  const fraction = ((nanoseconds % SECOND) + SECOND) % SECOND;
  const date = new Date(Number((nanoseconds - fraction) / 1_000_000n)).toISOString();
  return date.replace(/\.000Z$/, `.${String(fraction).padStart(9, '0')}Z`);
}
