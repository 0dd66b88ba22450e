import type { Lookup } from '../../src/dns/answer.ts';
import {
  type Answer,
  type DnsRecord,
  defaultQueryFlags,
  failure,
  type QueryFlags,
  type Question,
} from '../../src/dns/answer.ts';
import { classes, rcodes, types } from '../../src/dns/constants.ts';
import { encodeName } from '../../src/dns/domain-name.ts';

const record = (name: string, type: number, ttl: number, data: Uint8Array): DnsRecord => ({
  name,
  type,
  class: classes.IN,
  ttl,
  data,
});
const ip4 = (...octets: number[]) => Uint8Array.from(octets);

const records: readonly DnsRecord[] = [
  record('both.test', types.A, 60, ip4(192, 0, 2, 1)),
  record('both.test', types.A, 60, ip4(192, 0, 2, 2)),
  record('both.test', types.AAAA, 61, Uint8Array.from([0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1])),
  record('four.test', types.A, 62, ip4(192, 0, 2, 4)),
  record('1.2.0.192.in-addr.arpa', types.PTR, 63, encodeName('both.test')),
  record('odd\n.test', types.A, 0, ip4(192, 0, 2, 9)),
  record('texts.test', types.TXT, 5, Buffer.from('\x03a"b\x05one\n2', 'latin1')),
];

/**
 * A table that answers under `test`, with names that behave: `later.test` is answered after a while, and `broken.test` cannot be.
 */
export class Table implements Lookup {
  readonly asked: string[] = [];
  /** With what flags each was asked. */
  readonly allQueryFlags: QueryFlags[] = [];
  /** Answers that are held back are given when this resolves. */
  gate: Promise<unknown> = Promise.resolve();

  lookup({ name, type }: Question, queryFlags: QueryFlags = defaultQueryFlags): Answer | Promise<Answer> {
    this.asked.push(`${name} ${type}`);
    this.allQueryFlags.push(queryFlags);
    if (name.startsWith('broken')) return failure(rcodes.SERVFAIL, 'nobody\r\nknows');
    if (name.startsWith('later')) return this.gate.then(() => this.#find('both.test', type, name));
    if (name.startsWith('alias')) {
      const target = this.#find('both.test', type);
      const alias = record(name, types.CNAME, 9, encodeName('both.test'));
      return { ...target, answers: [alias, ...target.answers] };
    }
    return this.#find(name, type);
  }

  stats(): Readonly<Record<string, number>> {
    return { hits: this.asked.length };
  }

  #find(name: string, type: number, as = name): Answer {
    const known = records.filter((each) => each.name === name.toLowerCase());
    const answers = known
      .filter((each) => type === types.ANY || each.type === type)
      .map((each) => ({ ...each, name: as }));
    const rcode = known.length === 0 ? rcodes.NXDOMAIN : rcodes.NOERROR;
    return { rcode, authoritative: true, answers, authorities: [], source: 'hosts' };
  }
}
