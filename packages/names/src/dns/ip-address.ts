import { isIPv6 } from 'node:net';
import { lowerCase } from './domain-name.ts';

/** The octets of an IP address, 4 or 16, each a character (latin1): a key that is small, and equal when the addresses are. */
export type AddressKey = string;

/** The address in a text, without a zone (`%eth0`), which is dropped; undefined when it is none. */
export function parseAddress(text: string): AddressKey | undefined {
  return parseIPv4(text) ?? parseIPv6(text);
}

/** Four decimal numbers, without leading zeros: some would read those as octal. */
function parseIPv4(text: string): AddressKey | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (found === null) return undefined;
  let key = '';
  for (let index = 1; index <= 4; index++) {
    const part = found[index] as string;
    const octet = Number(part);
    if (octet > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    key += String.fromCharCode(octet);
  }
  return key;
}

/** RFC 4291 section 2.2. */
function parseIPv6(text: string): AddressKey | undefined {
  const percent = text.indexOf('%');
  const plain = percent < 0 ? text : text.slice(0, percent);
  if (!isIPv6(plain)) return undefined;
  const lastColon = plain.lastIndexOf(':');
  const tail = parseIPv4(plain.slice(lastColon + 1));
  // A dotted tail stands for two groups.
  const groups =
    tail === undefined ? plain : `${plain.slice(0, lastColon + 1)}${hexGroup(tail, 0)}:${hexGroup(tail, 2)}`;
  const [head = '', rest] = groups.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map(groupKey).join('');
}

function hexGroup(key: AddressKey, at: number): string {
  return ((key.charCodeAt(at) << 8) | key.charCodeAt(at + 1)).toString(16);
}

function groupKey(group: string): string {
  const value = Number.parseInt(group, 16);
  return String.fromCharCode(value >> 8, value & 0xff);
}

/** An address as text: IPv6 in the form of RFC 5952. */
export function formatAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((octets[2 * index] as number) << 8) | (octets[2 * index + 1] as number)).toString(16),
  );
  if (/^0(:0){4}:ffff:/.test(groups.join(':'))) return `::ffff:${octets.slice(12).join('.')}`;
  // The longest run of two and more zeros, the first of equals.
  let start = -1;
  let longest = 1;
  for (let index = 0; index < 8; index++) {
    let run = 0;
    while (groups[index + run] === '0') run++;
    if (run > longest) {
      start = index;
      longest = run;
    }
  }
  if (start < 0) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + longest).join(':')}`;
}

/** The name under which an address has its PTR record (RFC 1035 section 3.5, RFC 3596 section 2.5); undefined when the text is no address. */
export function reverseName(text: string): string | undefined {
  const key = parseAddress(text);
  if (key === undefined) return undefined;
  const octets = [...Buffer.from(key, 'latin1')].reverse();
  if (octets.length === 4) return `${octets.join('.')}.in-addr.arpa`;
  return `${octets.map((octet) => `${(octet & 0xf).toString(16)}.${(octet >> 4).toString(16)}`).join('.')}.ip6.arpa`;
}

/** The address whose {@link reverseName} this is; undefined when it is of none. */
export function reversedAddress(name: string): AddressKey | undefined {
  const lower = lowerCase(name);
  if (!lower.endsWith('.arpa')) return undefined;
  if (lower.endsWith('.in-addr.arpa')) {
    return parseIPv4(lower.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.'));
  }
  if (!/^([0-9a-f]\.){32}ip6\.arpa$/.test(lower)) return undefined;
  const nibbles = lower.slice(0, 64).split('.').reverse().join('');
  return Buffer.from(nibbles, 'hex').toString('latin1');
}
