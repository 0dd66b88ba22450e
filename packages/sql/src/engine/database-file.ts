import { realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { EngineError } from './engine-error.ts';
import { areSame, type FileIdentity, fileAt, identityOf } from './file-identity.ts';
import { OverwriteDetector } from './overwrite-detector.ts';
import { WalFiles } from './wal-files.ts';

/** Why what is written would not be in the file that the name means. */
export type Loss =
  /** There is no file of that name. */
  | 'removed'
  /** There is another one. */
  | 'replaced'
  /** It is the one that was opened, and another program has written into it. */
  | 'overwritten'
  /** Its log, or the index of that, is not the one that was opened. */
  | 'log-removed';

/** For the clients, which need not know its path. */
const lossMessages: Readonly<Record<Loss, string>> = {
  removed: 'the database file was removed or renamed while it was served',
  replaced: 'the database file was replaced by another one while it was served',
  overwritten: 'the database file was overwritten by another program while it was served',
  'log-removed': 'the -wal or -shm file of the database was removed or replaced while it was served',
};

/** How often the files are checked between writes. */
const CHECK_INTERVAL_MS = 1_000;

/**
 * The files of a database while they are served. What was acknowledged must be in the file that its name means: so it is looked
 * at ({@link check}) before and after each write. When the name means another file, what the log has is saved into the file that was opened, which only
 * processes that have it open can reach, and the log is left empty: SQLite would take a log that stands beside another file for the log
 * of that file, and destroy it.
 */
export class DatabaseFile {
  readonly #name: string;
  readonly #path: string;
  readonly #identity: FileIdentity;
  /** May write, and does so only to bring the log into the file. Without one the database is only read. */
  readonly #checkpointer: DatabaseSync | undefined;
  readonly #overwriteDetector: OverwriteDetector | undefined;
  readonly #walFiles: WalFiles | undefined;
  readonly #timer: NodeJS.Timeout;
  #loss: Loss | undefined;
  /** Whether the file that was opened has all that was committed, and the log nothing. */
  #saved = false;
  /** The mark of the last commit, to see whether there was one since. */
  #commits: string | undefined;
  #closed = false;
  /** Ends the processes that may write: the file was overwritten. */
  endWriters = (_cause: EngineError): void => {};
  /** Closes the connection of this process that may not write. */
  closeReading = (): void => {};
  /** Writes a sentence into the log of the server. */
  #report: ((message: string) => void) | undefined;

  /**
   * @param checkpointer a connection that may write; if there is one, a connection of this process that may not write must be open as well, and have
   * read: then no closing of the checkpointer brings the log into the file (which takes being the last)
   */
  constructor(name: string, checkpointer: DatabaseSync | undefined) {
    this.#name = name;
    this.#path = realpathSync(name);
    this.#checkpointer = checkpointer;
    this.#identity = identityOf(name, this.#path);
    if (checkpointer !== undefined) {
      this.#overwriteDetector = new OverwriteDetector(this.#identity);
      this.#walFiles = new WalFiles(this.#path, this.#identity, this.#overwriteDetector);
    }
    this.#timer = setInterval(() => this.#update(), CHECK_INTERVAL_MS).unref();
  }

  /** The files, for processes that are to open them: by these an executor knows whether it has opened the same. */
  get identity(): FileIdentity {
    return this.#identity;
  }

  /** Makes one that may write, and the database one that can be read while it is written. @throws EngineError */
  static checkpointer(file: string): DatabaseSync {
    try {
      const checkpointer = new DatabaseSync(file, { timeout: 5_000 });
      try {
        checkpointer.exec(
          'PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)',
        );
        return checkpointer;
      } catch (error) {
        checkpointer.close();
        throw error;
      }
    } catch (error) {
      const { message, errcode = 0 } = error as { message: string; errcode?: number };
      throw new EngineError('sqlite', message, errcode, { cause: error });
    }
  }

  /** Where to report what happens to the files; what has happened already is reported at once. */
  set report(report: (message: string) => void) {
    this.#report = report;
    if (this.#loss !== undefined) report(this.#lossReport(this.#loss));
  }

  /** @throws EngineError `file-lost` unless what is written is in the file that the name means */
  check(): void {
    this.#update();
    if (this.#loss !== undefined) throw this.#error(this.#loss);
  }

  /** @throws EngineError `file-lost` when not even reading gives what was committed */
  checkReading(): void {
    if (this.#loss === 'overwritten') throw this.#error(this.#loss);
  }

  /** Closes the connections: the last one brings the log into the file and removes it, if they are what was opened. */
  close(): void {
    if (this.#closed) return;
    this.#update();
    this.#closed = true;
    clearInterval(this.#timer);
    if (this.#loss !== undefined) this.#closeCheckpointer();
    if (this.#loss !== 'overwritten') this.#leaveLog();
    this.closeReading();
    this.#closeCheckpointer();
  }

  #update(): void {
    if (this.#closed || this.#loss === 'overwritten') return;
    const loss = this.#lossNow();
    const changed = loss !== this.#loss;
    this.#loss = loss;
    if (loss === undefined) this.#saved = false;
    else if (loss === 'overwritten') this.#abandon(this.#error(loss));
    else this.#save();
    if (!changed) return;
    this.#report?.(
      loss === undefined ? `the database ${this.#name} is back: it is written again` : this.#lossReport(loss),
    );
  }

  #lossNow(): Loss | undefined {
    if (this.#overwriteDetector?.seen() === true) return 'overwritten';
    // Another program has opened another file with the log of this one, and written: what the log has is of no file any more.
    if (this.#saved && this.#overwriteDetector?.commits !== this.#commits) return 'overwritten';
    if (this.#loss !== undefined && this.#isAtPath()) this.#rename((files) => files.bringBack());
    const now = identityOf(this.#name, this.#path);
    if (now.main === this.#identity.main)
      return areSame(now, this.#identity, this.#checkpointer === undefined) ? undefined : 'log-removed';
    // A link may lead elsewhere while the file is where it was, with its log.
    if (!this.#isAtPath() && !this.#setLogAside()) return 'overwritten';
    return now.main === undefined ? 'removed' : 'replaced';
  }

  #isAtPath(): boolean {
    return fileAt(this.#path) === this.#identity.main;
  }

  /** Brings what the log has into the file that was opened. While others read or write it cannot be done: then at the next look. */
  #save(): void {
    if (this.#saved || this.#checkpointer === undefined) return;
    try {
      const row = this.#checkpointer.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      this.#saved = row?.busy === 0;
    } catch {
      // The disk is full, say: it is tried again.
    }
    if (this.#saved) this.#commits = this.#overwriteDetector?.commits;
  }

  #closeCheckpointer(): void {
    if (this.#checkpointer?.isOpen === true) this.#checkpointer.close();
  }

  /** Another file may have the name of the file by now, or be given it. @returns whether the log is still that of the file */
  #setLogAside(): boolean {
    let isIntact = true;
    this.#rename((files) => {
      isIntact = files.isIntact;
      if (isIntact) files.setAside();
    });
    return isIntact;
  }

  /** A log that was set aside is not needed once it was brought into its file. */
  #leaveLog(): void {
    if (this.#saved) this.#rename((files) => files.removeAside());
    else if (this.#walFiles?.isAside === true) {
      const log = this.#walFiles.asideName;
      this.#report?.(
        `what was committed last is in ${log}: put it beside the file that was opened, as its -wal`,
      );
    }
  }

  /** What fails is tried again at the next look. */
  #rename(work: (files: WalFiles) => void): void {
    try {
      if (this.#walFiles !== undefined) work(this.#walFiles);
    } catch (error) {
      const message = `the -wal and -shm files of ${this.#path} cannot be renamed, and are not of the file that is there now`;
      if (this.#loss === undefined) this.#report?.(`${message} (${error})`);
    }
  }

  /** Nothing that the log has must come into the file. */
  #abandon(cause: EngineError): void {
    this.endWriters(cause);
    this.#closeCheckpointer();
    this.#setLogAside();
    this.closeReading();
  }

  #error(loss: Loss): EngineError {
    return new EngineError('file-lost', lossMessages[loss]);
  }

  #lossReport(loss: Loss): string {
    const what = `${lossMessages[loss]} (${this.#name})`;
    if (this.#checkpointer === undefined) {
      return `${what}: the file that was opened is read on. Start the server anew to serve what is there now`;
    }
    switch (loss) {
      case 'removed':
        return `${what}: it is not written any more. Put it back; until the server stops, what was committed can be read from it`;
      case 'replaced':
        return `${what}: it is not written any more. What was committed is in the file that was opened, and is read on. Put that back, or start the server anew to serve the other one`;
      case 'overwritten':
        return `${what}: it is neither written nor read any more. What was committed last may be in ${this.#walFiles?.asideName}. See that the file is right, and start the server anew`;
      case 'log-removed':
        return `${what}: it is not written any more. What was committed is in the file itself, and is read on. Start the server anew`;
    }
  }
}
