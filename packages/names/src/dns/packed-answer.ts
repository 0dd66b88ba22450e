import type { DnsRecord, PackedAnswer, Question } from './answer.ts';
import { HEADER_SIZE } from './constants.ts';
import { encodeName, lowerCase } from './domain-name.ts';
import { compressibleNames } from './record-data.ts';
import { RECORD_FIXED_SIZE, readRecords } from './records.ts';

/** The longest message: its length has two bytes over TCP (RFC 1035 section 4.2.2). */
export const MAX_MESSAGE = 65_535;
/** Pointers reach no further (RFC 1035 section 4.1.4). */
const POINTER_REACH = 0x4000;

/**
 * Packs records behind a question; undefined when they do not fit into a message. Names in the data of newer types, such as SRV, are compressed only
 * when they would not fit otherwise: a server should not send them so, but every receiver has to read them (RFC 3597 section 4).
 */
export function pack(
  question: Question,
  answers: readonly DnsRecord[],
  authorities: readonly DnsRecord[],
): PackedAnswer | undefined {
  for (const compressAll of [false, true]) {
    const writer = new RecordWriter(question.name, compressAll);
    if (
      answers.every((record) => writer.write(record)) &&
      authorities.every((record) => writer.write(record))
    )
      return { ...writer.packed(), answers: answers.length, authorities: authorities.length };
  }
  return undefined;
}

/** The records again. */
export function unpack(
  question: Question,
  { body, answers, authorities }: PackedAnswer,
  age: number,
): { answers: DnsRecord[]; authorities: DnsRecord[] } {
  const name = encodeName(question.name);
  const start = HEADER_SIZE + name.length + 4;
  const message = Buffer.alloc(start + body.length);
  name.copy(message, HEADER_SIZE);
  body.copy(message, start);
  const { records } = readRecords(message, start, answers + authorities);
  const aged = records.map((record) => ({ ...record, ttl: Math.max(record.ttl - age, 0) }));
  return { answers: aged.slice(0, answers), authorities: aged.slice(answers) };
}

/** The same records, all with one TTL in seconds. */
export function withTtl(packed: PackedAnswer, ttl: number): PackedAnswer {
  const body = Buffer.from(packed.body);
  for (const at of packed.ttls) body.writeUInt32BE(ttl, at);
  return { ...packed, body };
}

/** What records are written into before their size is known: one may begin where the longest message ends, and be as long again. */
const scratch = Buffer.allocUnsafeSlow(2 * MAX_MESSAGE + 1_024);

/** Writes records at the place in a message where those of an answer to a question begin. */
class RecordWriter {
  readonly #owner: string;
  readonly #compressAll: boolean;
  readonly #start: number;
  #at: number;
  readonly #ttls: number[] = [];
  /** Where the ends of names stand in the message, by their octets in lower case; made when a name beside that of the question comes. */
  #known: Map<string, number> | undefined;

  /** @param compressAll whether the names in the data of newer types are compressed as well */
  constructor(owner: string, compressAll: boolean) {
    this.#owner = owner;
    this.#compressAll = compressAll;
    this.#start = HEADER_SIZE + (owner === '.' ? 1 : owner.length + 2) + 4;
    this.#at = this.#start;
  }

  /** Whether the message is not too long with it. */
  write({ name, type, class: recordClass, ttl, data }: DnsRecord): boolean {
    if (name === this.#owner && name !== '.') this.#pointer(HEADER_SIZE);
    else {
      const wire = encodeName(name);
      this.#name(wire, 0, wire.length);
    }
    const fields = this.#at;
    scratch.writeUInt16BE(type, fields);
    scratch.writeUInt16BE(recordClass, fields + 2);
    scratch.writeUInt32BE(ttl, fields + 4);
    this.#ttls.push(fields + 4 - this.#start);
    this.#at += RECORD_FIXED_SIZE;
    this.#data(type, data);
    scratch.writeUInt16BE(this.#at - fields - RECORD_FIXED_SIZE, fields + 8);
    return this.#at <= MAX_MESSAGE;
  }

  packed(): { body: Buffer; ttls: readonly number[] } {
    return { body: Buffer.from(scratch.subarray(this.#start, this.#at)), ttls: this.#ttls };
  }

  #data(type: number, data: Uint8Array): void {
    let copied = 0;
    for (const { start, end } of compressibleNames(type, data, this.#compressAll)) {
      this.#octets(data, copied, start);
      this.#name(data, start, end);
      copied = end;
    }
    this.#octets(data, copied, data.length);
  }

  #octets(data: Uint8Array, from: number, to: number): void {
    scratch.set(from === 0 && to === data.length ? data : data.subarray(from, to), this.#at);
    this.#at += to - from;
  }

  /** Writes labels until the rest of the name is known, and then a pointer to it. */
  #name(wire: Uint8Array, from: number, to: number): void {
    const known = this.#knownNames();
    const key = keyOf(wire.subarray(from, to));
    for (let at = from; at < to - 1; at += 1 + (wire[at] as number)) {
      const rest = key.slice(at - from);
      const seen = known.get(rest);
      if (seen !== undefined) {
        this.#pointer(seen);
        return;
      }
      if (this.#at < POINTER_REACH) known.set(rest, this.#at);
      this.#octets(wire, at, at + 1 + (wire[at] as number));
    }
    scratch[this.#at++] = 0;
  }

  #pointer(target: number): void {
    scratch[this.#at++] = 0xc0 | (target >> 8);
    scratch[this.#at++] = target & 0xff;
  }

  #knownNames(): Map<string, number> {
    if (this.#known === undefined) {
      this.#known = new Map();
      const wire = encodeName(this.#owner);
      const key = keyOf(wire);
      for (let at = 0; at < wire.length - 1; at += 1 + (wire[at] as number)) {
        this.#known.set(key.slice(at), HEADER_SIZE + at);
      }
    }
    return this.#known;
  }
}

/** The lengths of labels, below 64, are not letters. */
function keyOf(wire: Uint8Array): string {
  return lowerCase(Buffer.from(wire.buffer, wire.byteOffset, wire.length).toString('latin1'));
}
