import { crc32c } from '../protocol/crc32c.ts';
import type { Recovered } from '../protocol/event.ts';
import { newer } from '../protocol/frame.ts';
import type { JournalRecord } from './journal-records.ts';

/** What is known of the lines that were sent before, by an earlier process. */
export type SentLines = {
  /** All messages up to this number have their outcome. */
  readonly finishedThrough: number;
  /** Those beyond it that have one. */
  readonly finishedBeyond: Iterable<number>;
  isFinished(message: number): boolean;
  /** Whether their lines come to this digest, see {@link foldLine}. */
  matchesThrough(digest: number): boolean;
  /** Whether the line of a message beyond, if it is finished or has been read, has this digest. */
  matches(message: number, digest: number): boolean;
};

/** No number of a message is above this. */
const ALL_MESSAGES = 2 ** 32 - 1;

/** What all records of a journal come to: what a node recovers from it, and what a compaction writes in their place. */
export class JournalState implements SentLines {
  node = -1;
  incarnation = 0;
  /** How many messages have been delivered to this node, ever. */
  delivered = 0;
  /** Which ring it is the state of; undefined when an earlier version has not noted it. */
  ring: string | undefined;
  /** Of the messages without outcome, those up to this number may have arrived: an earlier process may have sent them. */
  uncertainThrough = 0;
  #epoch = 0;
  #view = 0;
  #finishedThrough = 0;
  /** What the lines of the messages up to there come to; undefined when an earlier version has not noted it. */
  #digest: number | undefined = 0;
  /** Messages beyond it that are finished, each with the digest of its line. */
  readonly #finishedBeyond = new Map<number, number | undefined>();
  /** Messages that were read and have no outcome, in the order of the file. */
  readonly #unfinished = new Set<number>();
  #lastRead = 0;
  /** The digests of the lines that were read, beyond `finishedThrough`. */
  readonly #lines = new Map<number, number>();
  readonly #marks = new Map<string, Recovered['marks'][number]>();

  apply(record: JournalRecord): void {
    // Only a process that has written down all it knew says how much is uncertain; of any other it is everything.
    this.uncertainThrough = ALL_MESSAGES;
    switch (record.type) {
      case 'header':
        this.node = record.node;
        this.incarnation = record.incarnation;
        this.delivered = record.delivered;
        break;
      case 'ring':
        this.ring = record.text;
        break;
      case 'delivered':
        this.delivered++;
        this.#mark(record);
        break;
      case 'mark':
        this.#mark(record);
        break;
      case 'epoch':
        if (newer(record.epoch, this.#epoch)) this.#epoch = record.epoch;
        this.#view = Math.max(this.#view, record.view);
        break;
      case 'finished':
        this.#finishedBeyond.set(record.message, record.digest);
        if (this.#unfinished.delete(record.message)) this.#advance();
        break;
      case 'finished-through':
        this.#finishedThrough = record.message;
        this.#digest = record.digest;
        break;
      case 'closed':
        this.uncertainThrough = record.uncertainThrough;
        break;
      case 'new-file':
        this.incarnation = record.incarnation;
        this.#finishedThrough = 0;
        this.#digest = 0;
        this.#finishedBeyond.clear();
        this.uncertainThrough = 0;
        break;
    }
  }

  /**
   * A message has been read from the file. Numbers are those of lines, and not every line is a message, so this is how it is known
   * up to where all of them have an outcome.
   */
  read(message: number, digest: number): void {
    this.#lines.set(message, digest);
    if (!this.#finishedBeyond.has(message)) this.#unfinished.add(message);
    this.#lastRead = message;
    this.#advance();
  }

  /** The digest of a message's line, if it has been read and is not long finished. */
  digestOf(message: number): number | undefined {
    return this.#lines.get(message);
  }

  #advance(): void {
    const [first] = this.#unfinished;
    const through = first === undefined ? this.#lastRead : first - 1;
    if (through <= this.#finishedThrough) return;
    // From the lowest on: they were finished nearly in order.
    for (const message of this.#finishedBeyond.keys()) {
      if (message <= through) this.#finishedBeyond.delete(message);
    }
    for (const [message, digest] of this.#lines) {
      if (message > through) break;
      if (this.#digest !== undefined) this.#digest = foldLine(this.#digest, message, digest);
      this.#lines.delete(message);
    }
    this.#finishedThrough = through;
  }

  get finishedThrough(): number {
    return this.#finishedThrough;
  }

  get finishedBeyond(): Iterable<number> {
    return this.#finishedBeyond.keys();
  }

  isFinished(message: number): boolean {
    return message <= this.#finishedThrough || this.#finishedBeyond.has(message);
  }

  matchesThrough(digest: number): boolean {
    this.#digest ??= digest;
    return this.#digest === digest;
  }

  matches(message: number, digest: number): boolean {
    return (this.#finishedBeyond.get(message) ?? this.#lines.get(message) ?? digest) === digest;
  }

  get recovered(): Recovered {
    return {
      incarnation: this.incarnation,
      epoch: this.#epoch,
      view: this.#view,
      marks: [...this.#marks.values()],
      finishedThrough: this.#finishedThrough,
      finishedBeyond: [...this.#finishedBeyond.keys()],
      uncertainThrough: this.uncertainThrough,
    };
  }

  /** The records of a journal that comes to the same. */
  snapshot(): JournalRecord[] {
    const { incarnation, epoch, view, marks, finishedThrough } = this.recovered;
    return [
      { type: 'header', node: this.node, incarnation, delivered: this.delivered },
      ...(this.ring === undefined ? [] : [{ type: 'ring' as const, text: this.ring }]),
      { type: 'epoch', epoch, view },
      ...marks.map((mark) => ({ type: 'mark' as const, ...mark })),
      { type: 'finished-through', message: finishedThrough, digest: this.#digest },
      ...[...this.#finishedBeyond].map(([message, digest]) => ({
        type: 'finished' as const,
        message,
        outcome: 'done' as const,
        digest,
      })),
    ];
  }

  #mark({ source, incarnation, stream, message }: Recovered['marks'][number]): void {
    this.#marks.set(`${source} ${incarnation} ${stream}`, { source, incarnation, stream, message });
  }
}

const space = Buffer.alloc(8);

/** The digest of the lines up to a message, from that of those before it and of its own line. */
export function foldLine(before: number, message: number, digest: number): number {
  space.writeUInt32BE(message, 0);
  space.writeUInt32BE(digest, 4);
  return crc32c(space, 0, 8, before);
}
