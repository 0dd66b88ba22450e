import type { JournalRecord } from './journal-records.ts';
import type { Recovered } from './protocol/event.ts';

/** What all records of a journal come to: what a node recovers from it, and what a compaction writes in their place. */
export class JournalState {
  node = -1;
  incarnation = 0;
  /** How many messages have been delivered to this node, ever. */
  delivered = 0;
  #epoch = 0;
  #view = 0;
  #finishedThrough = 0;
  readonly #finishedBeyond = new Set<number>();
  /** Messages that were read and have no outcome, in the order of the file. */
  readonly #unfinished = new Set<number>();
  #lastRead = 0;
  readonly #marks = new Map<string, Recovered['marks'][number]>();

  apply(record: JournalRecord): void {
    switch (record.type) {
      case 'header':
        this.node = record.node;
        this.incarnation = record.incarnation;
        this.delivered = record.delivered;
        break;
      case 'delivered':
        this.delivered++;
        this.#mark(record);
        break;
      case 'mark':
        this.#mark(record);
        break;
      case 'epoch':
        this.#epoch = Math.max(this.#epoch, record.epoch);
        this.#view = Math.max(this.#view, record.view);
        break;
      case 'finished':
        this.#finishedBeyond.add(record.message);
        if (this.#unfinished.delete(record.message)) this.#advance();
        break;
      case 'finished-through':
        this.#finishedThrough = record.message;
        break;
    }
  }

  /**
   * A message has been read from the file. Numbers are those of lines, and not every line is a message, so this is how it is known
   * up to where all of them have an outcome.
   */
  read(message: number): void {
    if (!this.#finishedBeyond.has(message)) this.#unfinished.add(message);
    this.#lastRead = message;
    this.#advance();
  }

  #advance(): void {
    const [first] = this.#unfinished;
    const through = first === undefined ? this.#lastRead : first - 1;
    if (through <= this.#finishedThrough) return;
    // From the lowest on: they were finished nearly in order.
    for (const message of this.#finishedBeyond) if (message <= through) this.#finishedBeyond.delete(message);
    this.#finishedThrough = through;
  }

  get recovered(): Recovered {
    return {
      incarnation: this.incarnation,
      epoch: this.#epoch,
      view: this.#view,
      marks: [...this.#marks.values()],
      finishedThrough: this.#finishedThrough,
      finishedBeyond: [...this.#finishedBeyond],
    };
  }

  /** The records of a journal that comes to the same. */
  snapshot(): JournalRecord[] {
    const { incarnation, epoch, view, marks, finishedThrough, finishedBeyond } = this.recovered;
    return [
      { type: 'header', node: this.node, incarnation, delivered: this.delivered },
      { type: 'epoch', epoch, view },
      ...marks.map((mark) => ({ type: 'mark' as const, ...mark })),
      { type: 'finished-through', message: finishedThrough },
      ...finishedBeyond.map((message) => ({ type: 'finished' as const, message, outcome: 'done' as const })),
    ];
  }

  #mark({ source, incarnation, stream, message }: Recovered['marks'][number]): void {
    this.#marks.set(`${source} ${incarnation} ${stream}`, { source, incarnation, stream, message });
  }
}
