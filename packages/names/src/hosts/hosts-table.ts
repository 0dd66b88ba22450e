import type { Answer, DnsRecord, Question } from '../dns/answer.ts';
import { classes, rcodes, types } from '../dns/constants.ts';
import { encodeName, lowerCase } from '../dns/domain-name.ts';
import { type AddressKey, reversedAddress } from '../dns/ip-address.ts';

/** How long clients may keep what the table says, in seconds: it may change at any time. */
const HOSTS_TTL = 60;
/** The most addresses of one name and family: as AAAA records they just about fill a message. */
export const MAX_ADDRESSES = 1_000;

/** Names and their addresses, as a hosts file gives them (hosts(5)). */
export class HostsTable {
  /** The addresses of a name, one behind the other, by the name in lower case. */
  readonly #ipv4 = new Map<string, string>();
  readonly #ipv6 = new Map<string, string>();
  /** The canonical name that an address had first. */
  readonly #canonicalNames = new Map<AddressKey, string>();
  #names = 0;

  /**
   * Adds an address of a name. One that it has already is not added again.
   *
   * @returns false when the name has {@link MAX_ADDRESSES} of the family already
   */
  addAddress(name: string, address: AddressKey): boolean {
    const [family, other] = address.length === 4 ? [this.#ipv4, this.#ipv6] : [this.#ipv6, this.#ipv4];
    const key = lowerCase(name);
    const known = family.get(key);
    if (known === undefined) {
      family.set(key, address);
      if (!other.has(key)) this.#names++;
    } else if (known.length >= MAX_ADDRESSES * address.length) return false;
    else if (!contains(known, address)) family.set(key, known + address);
    return true;
  }

  /** Adds a name of which it is only known that it is there. */
  addNameOnly(name: string): void {
    const key = lowerCase(name);
    if (this.#ipv4.has(key) || this.#ipv6.has(key)) return;
    this.#ipv6.set(key, '');
    this.#names++;
  }

  /** Gives an address its name, unless it has one already. */
  addName(address: AddressKey, name: string): void {
    if (!this.#canonicalNames.has(address)) this.#canonicalNames.set(address, name);
  }

  /** How many different names there are. */
  get names(): number {
    return this.#names;
  }

  /**
   * What the table says: undefined when it does not have the name. A name that is there without what is asked for has no data (NODATA).
   *
   * @param lower the name of the question in lower case
   */
  lookup({ name, type, class: questionClass }: Question, lower: string): Answer | undefined {
    if (questionClass !== classes.IN) return undefined;
    const ipv4 = this.#ipv4.get(lower);
    const ipv6 = this.#ipv6.get(lower);
    const address = reversedAddress(lower);
    const canonical = address === undefined ? undefined : this.#canonicalNames.get(address);
    if (ipv4 === undefined && ipv6 === undefined && canonical === undefined) return undefined;

    const answers: DnsRecord[] = [];
    const add = (recordType: number, data: Uint8Array) => {
      if (type !== recordType && type !== types.ANY) return;
      answers.push({ name, type: recordType, class: classes.IN, ttl: HOSTS_TTL, data });
    };
    for (const data of addressesIn(ipv4, 4)) add(types.A, data);
    for (const data of addressesIn(ipv6, 16)) add(types.AAAA, data);
    if (canonical !== undefined) add(types.PTR, encodeName(canonical));
    return { rcode: rcodes.NOERROR, authoritative: true, answers, authorities: [], source: 'hosts' };
  }
}

function contains(known: string, address: AddressKey): boolean {
  for (let at = 0; at < known.length; at += address.length) if (known.startsWith(address, at)) return true;
  return false;
}

function addressesIn(octets: string | undefined, size: number): Uint8Array[] {
  if (octets === undefined) return [];
  const addresses = [];
  for (let at = 0; at < octets.length; at += size)
    addresses.push(Buffer.from(octets.slice(at, at + size), 'latin1'));
  return addresses;
}
