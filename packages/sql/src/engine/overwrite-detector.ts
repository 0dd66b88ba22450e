import { readSync } from 'node:fs';
import { descriptorOf, type FileIdentity, statOf } from './file-identity.ts';

/** Of the index of the log, as https://www.sqlite.org/walformat.html has it: where its fields begin, in bytes. */
const CHANGES = 8;
const SALTS = 32;
const BACKFILLED = 96;
const BACKFILL_ATTEMPTED = 128;
const INDEX_SIZE = 136;

/** What is read of the index of the log. */
type Marks = {
  /** Changes with every commit. */
  readonly changes: string;
  /** The two numbers by which the frames of the log are known to be of this round. */
  readonly salts: Buffer;
  /** Changes with every checkpoint, and when the log begins anew. */
  readonly checkpoint: string;
  /** Whether a checkpoint is writing into the file, or was broken off. */
  readonly checkpointing: boolean;
};

/**
 * Notices that another program than SQLite has written into the file of a database: `cp` onto it keeps the inode. While there is a log,
 * SQLite writes into the file only to bring the log into it (a checkpoint), and says so in the index of the log. So a file that has changed
 * without a checkpoint was written by something else.
 */
export class OverwriteDetector {
  readonly #main: string;
  readonly #index: string;
  #mainDescriptor: number | undefined;
  #indexDescriptor: number | undefined;
  /** How the file was when it was last as it should be, and the checkpoint that had made it so. */
  #size = 0n;
  #modified = 0n;
  #checkpoint: string | undefined;

  /** @param identity of files that this process has open, through SQLite */
  constructor({ main = '', index = '' }: FileIdentity) {
    this.#main = main;
    this.#index = index;
    this.seen();
  }

  /** Whether it has happened since the last look. It cannot be known where the descriptors of a process cannot be listed. */
  seen(): boolean {
    const before = this.#marks();
    const file = this.#file();
    if (before === undefined || file === undefined) return false;
    let checkpoint: string | undefined = before.checkpoint;
    if (file.size !== this.#size || file.mtimeNs !== this.#modified) {
      const marks = this.#marks();
      const still = checkpoint === marks?.checkpoint;
      if (still && checkpoint === this.#checkpoint && !before.checkpointing) return true;
      this.#size = file.size;
      this.#modified = file.mtimeNs;
      // A checkpoint between two looks: which of them the file is of is not known, so the next look is not compared.
      if (!still) checkpoint = undefined;
    }
    this.#checkpoint = checkpoint;
    return false;
  }

  /** The same as long as there is no commit. */
  get commits(): string | undefined {
    return this.#marks()?.changes;
  }

  /** Whether the first bytes of a log are those of the log that belongs to the file. */
  isLog(start: Buffer): boolean {
    return this.#marks()?.salts.equals(start.subarray(16, 24)) === true;
  }

  #file() {
    const found = statOf(this.#mainDescriptor, this.#main);
    if (found !== undefined) return found;
    this.#mainDescriptor = descriptorOf(this.#main);
    return statOf(this.#mainDescriptor, this.#main);
  }

  #marks(): Marks | undefined {
    // It stays open as long as a connection of this process to the file does: all of them share it.
    this.#indexDescriptor ??= descriptorOf(this.#index);
    if (this.#indexDescriptor === undefined) return undefined;
    const bytes = Buffer.alloc(INDEX_SIZE);
    try {
      if (readSync(this.#indexDescriptor, bytes, 0, INDEX_SIZE, 0) < INDEX_SIZE) return undefined;
    } catch {
      this.#indexDescriptor = undefined;
      return undefined;
    }
    const salts = bytes.subarray(SALTS, SALTS + 8);
    // The index is in the byte order of the machine; these are only compared.
    const backfilled = bytes.toString('hex', BACKFILLED, BACKFILLED + 4);
    const attempted = bytes.toString('hex', BACKFILL_ATTEMPTED, BACKFILL_ATTEMPTED + 4);
    return {
      changes: bytes.toString('hex', CHANGES, CHANGES + 4),
      salts,
      checkpoint: `${salts.toString('hex')} ${attempted} ${backfilled}`,
      checkpointing: attempted !== backfilled,
    };
  }
}
