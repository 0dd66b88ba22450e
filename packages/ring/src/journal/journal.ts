import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DurableRecord } from '../protocol/effect.ts';
import { type Delivery, type DeliveryLog, FILE_CHECK_INTERVAL_MS, isFile, writeAll } from './delivery-log.ts';
import { deliveryNotes, refusalOf } from './journal-checks.ts';
import {
  decodeRecords,
  encodeGroup,
  encodeRecord,
  GROUP_HEADER,
  groupAt,
  type JournalRecord,
} from './journal-records.ts';
import { JournalState } from './journal-state.ts';

const sync = promisify(fdatasync);

export const JOURNAL_FILE = 'journal';
/** Above this size the journal is written anew, with what its records come to. In bytes. */
const COMPACT_ABOVE = 16 * 1_048_576;
/** So many groups after a damaged one are looked for: one that is whole says that the damage is not the end of a crash. */
const GROUPS_BEYOND = 16;
/** The longest delay of a record that is not waited for. */
const LAZY_WRITE_DELAY_MS = 50;

export type JournalOptions = {
  /** Whether records are on disk (fdatasync(2)) before they are reported as synced; otherwise only with the system. */
  durable: boolean;
  /** Everything appended up to the record with this ID is synced. Never called from inside `append`. */
  onSynced(id: number): void;
  /** The journal cannot be written any more. */
  onFailed(error: Error): void;
  compactAbove?: number;
  /** Which ring the node is of: what the ring's fingerprint is made of. A journal of another ring is refused. */
  ring?: string | undefined;
  /** The nodes of the ring are others now: the journal is taken over all the same. Default false. */
  ringChanged?: boolean;
};

/** The journal is damaged, or of another node or ring; the message says what to do. */
export class JournalError extends Error {}

/**
 * What a node must not forget, in a file that is only appended to. Records that come while the disk is busy make one group, which is
 * written and synced at once when it is free again.
 */
export class Journal {
  readonly state: JournalState;
  /** What was found to be missing or out of step, in sentences. */
  readonly notes: readonly string[];
  readonly #directory: string;
  readonly #deliveries: DeliveryLog;
  readonly #options: JournalOptions;
  #fd: number;
  #size: number;
  /** The number of the next group. */
  #group: number;
  #records: Buffer[] = [];
  /** Deliveries of the records that wait. */
  #delivered: Delivery[] = [];
  /** The highest ID that waits. */
  #id = 0;
  #busy = false;
  #lazyTimer: NodeJS.Timeout | undefined;
  #closed = false;
  #checkedAt = performance.now();
  #onIdle: (() => void) | undefined;

  /**
   * Opens the journal of a state directory, or begins one. A group at its end that is not whole was never reported as synced: it is cut off.
   * @throws JournalError when it is damaged elsewhere, or another node's; errors of node:fs
   */
  constructor(
    directory: string,
    node: number,
    deliveries: DeliveryLog,
    options: JournalOptions,
    newIncarnation: () => number,
  ) {
    this.#directory = directory;
    this.#deliveries = deliveries;
    this.#options = options;
    const path = join(directory, JOURNAL_FILE);
    this.#fd = openSync(path, 'a+', 0o600);
    const { state, end, group, delivered } = read(readFileSync(this.#fd), path);
    this.state = state;
    this.#size = end;
    this.#group = group;
    ftruncateSync(this.#fd, end);
    const fresh = state.node < 0;
    if (!fresh) {
      const refusal = refusalOf(state, directory, node, options);
      if (refusal !== undefined) {
        closeSync(this.#fd);
        throw new JournalError(refusal);
      }
    }
    this.notes = [...deliveryNotes(state, fresh, deliveries.last, delivered[0]?.number, directory)];
    this.#begin(fresh, node, newIncarnation);
    deliveries.append(delivered);
  }

  /** Writes what a new journal begins with, or what is to be corrected in one that goes on. */
  #begin(fresh: boolean, node: number, newIncarnation: () => number): void {
    const { state } = this;
    const { ring } = this.#options;
    const { last } = this.#deliveries;
    const uncertainThrough = fresh ? 0 : state.uncertainThrough;
    if (fresh) this.#put([{ type: 'header', node, incarnation: newIncarnation(), delivered: last }]);
    else if (last > state.delivered) {
      this.#put([{ type: 'header', node, incarnation: state.incarnation, delivered: last }]);
    }
    if (ring !== undefined && ring !== state.ring) this.#put([{ type: 'ring', text: ring }]);
    if (this.#records.length === 0) return;
    this.#writeAtOnce();
    state.uncertainThrough = uncertainThrough;
  }

  /** The message file is another one from now on: its messages are of a new incarnation. Before the node is started. */
  beginFile(incarnation: number): void {
    this.#put([{ type: 'new-file', incarnation }]);
    this.#writeAtOnce();
  }

  #writeAtOnce(): void {
    this.#write();
    if (!this.#options.durable) return;
    fdatasyncSync(this.#fd);
    this.#syncDirectory();
  }

  /** Appends a record. With an ID above 0 it is written as soon as the disk is free, and reported as synced; with 0 some time later. */
  append(id: number, record: DurableRecord): void {
    this.#put([record]);
    if (id > 0) {
      this.#id = id;
      this.#soon();
    } else this.#lazyTimer ??= setTimeout(() => this.#soon(), LAZY_WRITE_DELAY_MS);
  }

  /**
   * Writes what waits, and closes.
   * @param uncertainThrough the highest number of a message without outcome that may have arrived
   */
  async close(uncertainThrough?: number): Promise<void> {
    if (uncertainThrough !== undefined && !this.#closed) this.#put([{ type: 'closed', uncertainThrough }]);
    if (this.#records.length > 0) this.#soon();
    if (this.#busy) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    clearTimeout(this.#lazyTimer);
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  #put(records: readonly JournalRecord[]): void {
    for (const record of records) {
      const digest = record.type === 'finished' ? this.state.digestOf(record.message) : undefined;
      const written = record.type === 'finished' ? { ...record, digest } : record;
      this.#records.push(encodeRecord(written));
      this.state.apply(written);
      if (record.type === 'delivered') {
        const { source, message, payload } = record;
        this.#delivered.push({ number: this.state.delivered, source, message, payload });
      }
    }
  }

  /** At the end of this turn, so that all its records make one group. */
  #soon(): void {
    clearTimeout(this.#lazyTimer);
    this.#lazyTimer = undefined;
    if (this.#busy) return;
    this.#busy = true;
    queueMicrotask(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    try {
      while (this.#records.length > 0) {
        this.#checkFile();
        const { id, delivered } = this.#write();
        if (this.#options.durable) await sync(this.#fd);
        this.#deliveries.append(delivered);
        this.#options.onSynced(id);
        if (this.#size > (this.#options.compactAbove ?? COMPACT_ABOVE)) this.#compact();
      }
      this.#busy = false;
    } catch (error) {
      this.#busy = false;
      this.#closed = true;
      closeSync(this.#fd);
      this.#options.onFailed(error as Error);
    }
    this.#onIdle?.();
  }

  /** What is written to a file that has lost its name is forgotten at the next start. @throws JournalError */
  #checkFile(): void {
    const now = performance.now();
    if (now - this.#checkedAt < FILE_CHECK_INTERVAL_MS) return;
    this.#checkedAt = now;
    const path = join(this.#directory, JOURNAL_FILE);
    if (isFile(path, this.#fd)) return;
    throw new JournalError(
      `${path} was removed or replaced while it was in use: nothing more is written to it`,
    );
  }

  /** Writes the records that wait as one group: the highest ID among them, and what they deliver. */
  #write(): { id: number; delivered: Delivery[] } {
    const bytes = encodeGroup(this.#records, this.#group++);
    const written = { id: this.#id, delivered: this.#delivered };
    this.#records = [];
    this.#delivered = [];
    writeAll(this.#fd, bytes);
    this.#size += bytes.length;
    return written;
  }

  /**
   * Rare, and in one piece: nothing can come in between. What has been delivered must be in the delivery log, on disk, before its
   * records are dropped.
   */
  #compact(): void {
    const last = this.#records.length > 0 ? this.#write() : undefined;
    if (last !== undefined) {
      fdatasyncSync(this.#fd);
      this.#deliveries.append(last.delivered);
    }
    this.#deliveries.sync();
    const path = join(this.#directory, JOURNAL_FILE);
    const bytes = encodeGroup(this.state.snapshot().map(encodeRecord), 0);
    const fd = openSync(`${path}.new`, 'w', 0o600);
    writeAll(fd, bytes);
    fdatasyncSync(fd);
    closeSync(fd);
    renameSync(`${path}.new`, path);
    this.#syncDirectory();
    closeSync(this.#fd);
    this.#fd = openSync(path, 'a', 0o600);
    this.#size = bytes.length;
    this.#group = 1;
    if (last !== undefined) this.#options.onSynced(last.id);
  }

  #syncDirectory(): void {
    const fd = openSync(this.#directory, 'r');
    fsyncSync(fd);
    closeSync(fd);
  }
}

/** What a journal's bytes come to, where its whole groups end, and the deliveries that are still in it. */
function read(
  bytes: Buffer,
  path: string,
): { state: JournalState; end: number; group: number; delivered: Delivery[] } {
  const state = new JournalState();
  const delivered: Delivery[] = [];
  let at = 0;
  let group = 0;
  for (let length = groupAt(bytes, at, group); length !== undefined; length = groupAt(bytes, at, group)) {
    try {
      for (const record of decodeRecords(bytes.subarray(at + GROUP_HEADER, at + length))) {
        state.apply(record);
        if (record.type !== 'delivered') continue;
        const { source, message, payload } = record;
        delivered.push({ number: state.delivered, source, message, payload });
      }
    } catch (cause) {
      throw new JournalError(`${path} was written by another version of this program`, { cause });
    }
    at += length;
    group++;
  }
  for (let from = at + 1; from + GROUP_HEADER <= bytes.length; from++) {
    const number = bytes.readUInt32BE(from + 8);
    if (number < group || number > group + GROUPS_BEYOND || groupAt(bytes, from, number) === undefined)
      continue;
    throw new JournalError(
      `${path} is damaged at byte ${at}, and what follows is not: this is no crash but a fault of the disk. ` +
        'Restore it; without it messages may come twice',
    );
  }
  return { state, end: at, group, delivered };
}
