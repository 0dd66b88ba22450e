import dnsPacket, { type Packet } from 'dns-packet';
import type { DnsRecord, Question } from '../../src/dns/answer.ts';
import { classes, types } from '../../src/dns/constants.ts';
import { encodeName } from '../../src/dns/domain-name.ts';
import { parseAddress } from '../../src/dns/ip-address.ts';
import { decodeQuery, type Query } from '../../src/dns/query.ts';

/** A question of the class IN. */
export function ask(name: string, type: number = types.A): Question {
  return { name, type, class: classes.IN };
}

/** A query for a record of a name as dns-packet writes it. */
export function queryMessage(name: string, rest: Packet = {}): Buffer {
  return dnsPacket.encode({
    id: 4_711,
    type: 'query',
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: 'A', name }],
    ...rest,
  });
}

/** An OPT record of version 0 as dns-packet takes it, with options as code and data. */
export function opt(...options: { code: number; data: Buffer }[]) {
  return {
    type: 'OPT' as const,
    name: '.' as const,
    udpPayloadSize: 1_400,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: options as never[],
  };
}

/** A query that can be answered. */
export function decoded(message: Buffer): Query {
  const query = decodeQuery(message);
  if (typeof query === 'string' || !('question' in query)) throw new Error('it cannot be answered');
  return query;
}

const record = (name: string, type: number, ttl: number, data: Uint8Array): DnsRecord => ({
  name,
  type,
  class: classes.IN,
  ttl,
  data,
});

/** Records, each with its name, a TTL and what it says. */
export const records = {
  a: (name: string, ttl: number, address: string) => record(name, types.A, ttl, addressData(address)),
  aaaa: (name: string, ttl: number, address: string) => record(name, types.AAAA, ttl, addressData(address)),
  cname: (name: string, ttl: number, target: string) => record(name, types.CNAME, ttl, encodeName(target)),
  /** The SOA of a zone; its MINIMUM is what negative answers are kept for. */
  soa(zone: string, ttl: number, minimum: number): DnsRecord {
    const numbers = Buffer.alloc(20);
    numbers.writeUInt32BE(minimum, 16);
    return record(
      zone,
      types.SOA,
      ttl,
      Buffer.concat([encodeName(`ns.${zone}`), encodeName(`admin.${zone}`), numbers]),
    );
  },
  of: record,
};

function addressData(address: string): Buffer {
  return Buffer.from(parseAddress(address) as string, 'latin1');
}
