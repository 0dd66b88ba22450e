import type { Answer, AnswerSource, DnsRecord, PackedAnswer, Question } from '../dns/answer.ts';
import { unpack } from '../dns/packed-answer.ts';

/** An answer whose records are unpacked only when they are read; a reply copies them packed. */
export class LazyAnswer implements Answer {
  readonly authoritative = false;
  readonly rcode: number;
  readonly source: AnswerSource;
  readonly packed: PackedAnswer;
  readonly age: number;
  readonly reason?: string;
  readonly #question: Question;
  #records: { answers: DnsRecord[]; authorities: DnsRecord[] } | undefined;

  /**
   * @param age in whole seconds
   * @param reason why the answer is stale
   */
  constructor(
    question: Question,
    kept: Pick<Answer, 'rcode'> & { readonly packed: PackedAnswer },
    source: AnswerSource,
    age: number,
    reason?: string,
  ) {
    this.#question = question;
    this.rcode = kept.rcode;
    this.packed = kept.packed;
    this.source = source;
    this.age = age;
    if (reason !== undefined) this.reason = reason;
  }

  get answers(): readonly DnsRecord[] {
    return this.#unpacked().answers;
  }

  get authorities(): readonly DnsRecord[] {
    return this.#unpacked().authorities;
  }

  #unpacked() {
    this.#records ??= unpack(this.#question, this.packed, this.age);
    return this.#records;
  }
}
