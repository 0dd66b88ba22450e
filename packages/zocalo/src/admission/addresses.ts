import { BlockList, isIP, isIPv4 } from 'node:net';
import { OptionError } from '../errors.ts';
import { mustBe } from '../option-checks.ts';

/** An IPv4 address, which a socket of both families reports as `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2), as itself; any other as it is. */
export function unmapped(address: string): string {
  if (!address.includes(':')) return address;
  const groups = groupsOf(address);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return mapped ? dotted(groups.slice(6)) : address;
}

/**
 * What the clients of one address are counted under. An IPv6 address counts as its network of `prefix` bits, since a single customer usually
 * has 2^64 addresses (RFC 6177); an IPv4 address as itself; the empty one, of a Unix socket, stays empty.
 */
export function countedAddress(address: string, prefix: number): string {
  const plain = unmapped(address);
  if (!plain.includes(':')) return plain;
  const network = groupsOf(plain).map((group, i) => {
    const bits = Math.min(Math.max(prefix - 16 * i, 0), 16);
    return group & (0xffff << (16 - bits)) & 0xffff;
  });
  return network.map((group) => group.toString(16)).join(':');
}

/** Which addresses may connect, by lists of addresses and networks in CIDR notation (RFC 4632 section 3.1). */
export class AddressRules {
  readonly #allowed: AddressList | undefined;
  readonly #denied: AddressList;

  /** @throws OptionError for an entry that is no address and no network, or an empty list of allowed addresses */
  constructor(allow: readonly string[] | undefined, deny: readonly string[] = []) {
    this.#denied = new AddressList('deny', deny);
    if (allow === undefined) return;
    this.#allowed = new AddressList('allow', allow);
    if (allow.length === 0)
      throw new OptionError('allow must name at least one address, or no client can connect');
  }

  /** A denied address is not admitted, also when it is allowed. Without an address, as over a Unix socket, nothing is asked. */
  admits(address: string): boolean {
    if (address === '') return true;
    return !this.#denied.has(address) && (this.#allowed === undefined || this.#allowed.has(address));
  }
}

/** Whether a text is an address or a network: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. */
export function isNetwork(text: string): boolean {
  return networkOf(text) !== undefined;
}

type Network = { readonly address: string; readonly family: 'ipv4' | 'ipv6'; readonly prefix: number };

/** A list for each family: a BlockList of both would take `::/0` for all IPv4 addresses as well. */
class AddressList {
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };

  constructor(name: string, entries: readonly string[]) {
    if (!Array.isArray(entries)) {
      throw mustBe(name, 'an array of addresses and networks', entries);
    }
    for (const entry of entries) {
      const network = networkOf(entry);
      if (network === undefined) {
        throw mustBe(
          `each of ${name}`,
          'an address or a network, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
          entry,
        );
      }
      this.#lists[network.family].addSubnet(network.address, network.prefix, network.family);
    }
  }

  has(address: string): boolean {
    const [plain = ''] = unmapped(address).split('%');
    const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
    return this.#lists[family].check(plain, family);
  }
}

function networkOf(text: unknown): Network | undefined {
  const parts = typeof text === 'string' ? /^([\da-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) : null;
  const [, address = '', length] = parts ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const longest = version === 4 ? 32 : 128;
  const prefix = length === undefined ? longest : Number(length);
  if (prefix > longest) return undefined;
  const plain = unmapped(address);
  if (version === 6 && isIPv4(plain) && prefix >= 96) {
    return { address: plain, family: 'ipv4', prefix: prefix - 96 };
  }
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix };
}

/** The eight groups of an IPv6 address, in any of its forms (RFC 4291 section 2.2); its zone is left out. */
function groupsOf(address: string): number[] {
  const [numeric = ''] = address.split('%');
  const hex = numeric.replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [before = '', after] = hex.split('::');
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const zeroes = Array<string>(Math.max(8 - left.length - right.length, 0)).fill('0');
  return [...left, ...zeroes, ...right].map((group) => Number.parseInt(group, 16));
}

function dotted(groups: readonly number[]): string {
  return groups.flatMap((group) => [group >> 8, group & 0xff]).join('.');
}

/** How many there are of each address. The empty address stands for none, as of a Unix socket, and is not counted. */
export class AddressCounts {
  readonly #counts = new Map<string, number>();

  of(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  add(address: string): void {
    if (address !== '') this.#counts.set(address, this.of(address) + 1);
  }

  remove(address: string): void {
    const left = this.of(address) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
