import type { DurableRecord } from '../../src/protocol/effect.ts';
import type { Message, Recovered } from '../../src/protocol/event.ts';
import { newest } from '../../src/protocol/frame.ts';
import type { Random } from './random.ts';

/** A state directory with its journal, and the message file beside it. Both outlive the process. */
export class Disk {
  readonly incarnation: number;
  readonly file: readonly Message[];
  readonly records: DurableRecord[] = [];
  /** So many records are on disk; a crash may lose the others. */
  durable = 0;
  readonly #delivered = new Map<string, number>();

  constructor(incarnation: number, file: readonly Message[]) {
    this.incarnation = incarnation;
    this.file = file;
  }

  /** Appends; says what is wrong with a delivery that is there already, or out of order. */
  append(record: DurableRecord): string | undefined {
    this.records.push(record);
    if (record.type !== 'delivered') return undefined;
    const key = deliveryKey(record.source, record.incarnation, record.message);
    if (this.#delivered.has(key)) return `message ${key} is delivered twice`;
    for (let index = this.records.length - 2; index >= 0; index--) {
      const other = this.records[index] as DurableRecord;
      if (other.type !== 'delivered' || other.stream !== record.stream) continue;
      if (other.source !== record.source || other.incarnation !== record.incarnation) continue;
      if (other.message > record.message) return `message ${key} is delivered after message ${other.message}`;
      break;
    }
    this.#delivered.set(key, this.records.length);
    return undefined;
  }

  /** Whether the message has ever been written down here, on disk or not. */
  knows(source: number, incarnation: number, message: number): boolean {
    return this.#delivered.has(deliveryKey(source, incarnation, message));
  }

  /** Whether the message is on disk. */
  holds(source: number, incarnation: number, message: number): boolean {
    const place = this.#delivered.get(deliveryKey(source, incarnation, message));
    return place !== undefined && place <= this.durable;
  }

  /** A crash: of what was not yet on disk any first part may be there. */
  crash(random: Random): void {
    const kept = random.whole(this.durable, this.records.length);
    for (const lost of this.records.splice(kept)) {
      if (lost.type === 'delivered') {
        this.#delivered.delete(deliveryKey(lost.source, lost.incarnation, lost.message));
      }
    }
    this.durable = kept;
  }

  recover(): Recovered {
    const marks = new Map<string, Recovered['marks'][number]>();
    const finished = new Set<number>();
    let epoch = 0;
    let view = 0;
    for (const record of this.records) {
      if (record.type === 'delivered') {
        const { source, incarnation, stream, message } = record;
        marks.set(`${source}:${incarnation}:${stream}`, { source, incarnation, stream, message });
      } else if (record.type === 'finished') {
        finished.add(record.message);
      } else {
        epoch = newest(epoch, record.epoch);
        view = Math.max(view, record.view);
      }
    }
    let finishedThrough = 0;
    for (const { number } of this.file) {
      if (!finished.delete(number)) break;
      finishedThrough = number;
    }
    return {
      incarnation: this.incarnation,
      epoch,
      view,
      marks: [...marks.values()],
      finishedThrough,
      finishedBeyond: [...finished],
      // Whether the last process sent them is not written down.
      uncertainThrough: this.records.length === 0 ? 0 : 2 ** 32 - 1,
    };
  }
}

function deliveryKey(source: number, incarnation: number, message: number): string {
  return `${source}:${incarnation}:${message}`;
}
