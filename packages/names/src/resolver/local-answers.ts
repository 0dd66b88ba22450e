import { type Answer, type DnsRecord, failure, type Question } from '../dns/answer.ts';
import { classes, rcodes, types } from '../dns/constants.ts';
import { encodeName } from '../dns/domain-name.ts';
import { parseAddress, reverseName } from '../dns/ip-address.ts';

/** In seconds. */
const SPECIAL_TTL = 10_800;

/** The loopback, by its name and back (RFC 6761 section 6.3). */
const loopback: readonly Omit<DnsRecord, 'class' | 'ttl'>[] = [
  { name: 'localhost', type: types.A, data: addressData('127.0.0.1') },
  { name: 'localhost', type: types.AAAA, data: addressData('::1') },
  { name: reverseOf('127.0.0.1'), type: types.PTR, data: encodeName('localhost') },
  { name: reverseOf('::1'), type: types.PTR, data: encodeName('localhost') },
];

/** The zone in which resolvers describe themselves to their clients (RFC 9462); it is empty here. */
const RESOLVERS = 'resolver.arpa';

/**
 * Names for which no other server is to be asked: the loopback and names for tests and for nothing (RFC 6761), Tor's (RFC 7686), what is said about
 * resolvers and registrars to their own neighbours (RFC 9462, RFC 9665), and the reverse names of addresses that no host has (RFC 6303).
 */
const ownZones: readonly string[] = [
  'localhost',
  'test',
  'invalid',
  'onion',
  RESOLVERS,
  'service.arpa',
  '127.in-addr.arpa',
  reverseOf('::1'),
  '0.in-addr.arpa',
  '2.0.192.in-addr.arpa',
  '100.51.198.in-addr.arpa',
  '113.0.203.in-addr.arpa',
  '255.255.255.255.in-addr.arpa',
  reverseOf('::'),
  '8.b.d.0.1.0.0.2.ip6.arpa',
];

/**
 * Names that public name servers do not know, and those of a private network may: homes (RFC 8375), and the reverse names of private, shared and
 * link-local addresses (RFC 6303, RFC 7793).
 */
const privateZones: readonly string[] = [
  'home.arpa',
  '10.in-addr.arpa',
  '168.192.in-addr.arpa',
  '254.169.in-addr.arpa',
  ...numbered(16, 31).map((number) => `${number}.172.in-addr.arpa`),
  ...numbered(64, 127).map((number) => `${number}.100.in-addr.arpa`),
  ...['d.f', '8.e.f', '9.e.f', 'a.e.f', 'b.e.f'].map((nibbles) => `${nibbles}.ip6.arpa`),
];

const privateNames: ReadonlySet<string> = new Set(privateZones);
const zones: ReadonlySet<string> = new Set([...ownZones, ...privateZones]);

/** The last labels of all of them: most names are known to be none by theirs. */
const lastLabels = new Set([...zones].map((zone) => zone.slice(zone.lastIndexOf('.') + 1)));

/**
 * The answer to a question for a special name; undefined when it is none.
 *
 * @param lower the name of the question in lower case
 * @param forwardPrivate whether names of private networks are asked for like others
 */
export function specialAnswer(
  question: Question,
  lower: string,
  forwardPrivate: boolean,
): Answer | undefined {
  const zone = zoneOf(lower, forwardPrivate);
  if (zone === undefined) return undefined;
  // Every name below localhost is the same as it.
  const meant = zone === 'localhost' ? zone : lower;
  const here = [...loopback, ...apex(zone)].filter(({ name }) => name === meant);
  const answers = here
    .filter(({ type }) => type === question.type || question.type === types.ANY)
    .map((record) => ({ ...record, name: question.name, class: classes.IN, ttl: SPECIAL_TTL }));
  const authorities = answers.length > 0 ? [] : [{ ...soaOf(zone), class: classes.IN, ttl: SPECIAL_TTL }];
  // No name is said not to exist there (RFC 9462 section 6.4).
  const exists =
    zone === RESOLVERS || here.length > 0 || loopback.some(({ name }) => name.endsWith(`.${lower}`));
  const rcode = exists ? rcodes.NOERROR : rcodes.NXDOMAIN;
  return { rcode, authoritative: true, answers, authorities, source: 'special' };
}

/** What says for how long a special name has no data: the SOA of its zone; nothing for other names. */
export function specialAuthority(lower: string, forwardPrivate: boolean): DnsRecord[] {
  const zone = zoneOf(lower, forwardPrivate);
  return zone === undefined ? [] : [{ ...soaOf(zone), class: classes.IN, ttl: SPECIAL_TTL }];
}

/** The zone that a name is in. */
function zoneOf(name: string, forwardPrivate: boolean): string | undefined {
  if (!lastLabels.has(name.slice(name.lastIndexOf('.') + 1))) return undefined;
  for (let rest = name; ; ) {
    if (zones.has(rest)) return forwardPrivate && privateNames.has(rest) ? undefined : rest;
    const dot = rest.indexOf('.');
    if (dot < 0) return undefined;
    rest = rest.slice(dot + 1);
  }
}

function apex(zone: string): Omit<DnsRecord, 'class' | 'ttl'>[] {
  return [{ name: zone, type: types.NS, data: encodeName('localhost') }, soaOf(zone)];
}

/** As RFC 6303 section 3 has it. */
function soaOf(zone: string): Omit<DnsRecord, 'class' | 'ttl'> {
  const numbers = Buffer.alloc(20);
  for (const [index, value] of [1, 3_600, 1_200, 604_800, SPECIAL_TTL].entries()) {
    numbers.writeUInt32BE(value, 4 * index);
  }
  return {
    name: zone,
    type: types.SOA,
    data: Buffer.concat([encodeName('localhost'), encodeName('nobody.invalid'), numbers]),
  };
}

function addressData(text: string): Buffer {
  return Buffer.from(parseAddress(text) as string, 'latin1');
}

function reverseOf(address: string): string {
  return reverseName(address) as string;
}

function numbered(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** What is no record, and cannot be asked for (RFC 6895 section 3.1). */
const metaTypes: ReadonlySet<number> = new Set([types.OPT, types.TKEY, types.TSIG, types.MAILA, types.MAILB]);
const FIRST_META_TYPE = 128;
const LAST_META_TYPE = 248;

/** The answer to a question that is not looked up at all, as unbound gives it: undefined for the others. */
export function refusal({ type, class: questionClass }: Question): Answer | undefined {
  if (questionClass !== classes.IN) return failure(rcodes.REFUSED, 'only the class IN is served here');
  if (type < types.OPT) return undefined;
  if (type === types.AXFR || type === types.IXFR)
    return failure(rcodes.REFUSED, 'there is no zone to transfer');
  if (metaTypes.has(type) || (type >= FIRST_META_TYPE && type <= LAST_META_TYPE)) {
    return failure(rcodes.FORMERR, 'there are no records of this type');
  }
  return undefined;
}
