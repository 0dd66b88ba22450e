import { isIPv4, isIPv6 } from 'node:net';
import { OptionError } from '../errors.ts';
import { bind } from './libc.ts';

/** Address families, Linux numbering: `<bits/socket.h>`. */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Enough for any address we use: `struct sockaddr_un` is the largest, 110 bytes (unix(7)). */
export const SOCKADDR_LENGTH = 128;

/** The longest path of a Unix socket: `sun_path` is 108 bytes and ends with a NUL (unix(7)). */
export const UNIX_PATH_LIMIT = 107;

const inetPton = bind<(family: number, text: string, into: Buffer) => number>(
  'int inet_pton(int, const char *, void *)',
);
const ifNameToIndex = bind<(name: string) => number>('unsigned int if_nametoindex(const char *)');

/** A decoded socket address: an IP address and port, or a path (empty for an unnamed Unix socket). */
export type SocketAddress = { family: number; address: string; port: number };

/** Encodes `struct sockaddr_in` or `sockaddr_in6` for a numeric address; throws {@link OptionError} otherwise. */
export function encodeIpAddress(address: string, port: number): Buffer {
  if (isIPv4(address)) {
    const encoded = Buffer.alloc(16);
    encoded.writeUInt16LE(AF_INET, 0);
    encoded.writeUInt16BE(port, 2);
    inetPton(AF_INET, address, encoded.subarray(4));
    return encoded;
  }
  if (isIPv6(address)) {
    const [numeric = '', zone] = address.split('%');
    const encoded = Buffer.alloc(28);
    encoded.writeUInt16LE(AF_INET6, 0);
    encoded.writeUInt16BE(port, 2);
    inetPton(AF_INET6, numeric, encoded.subarray(8));
    if (zone !== undefined) encoded.writeUInt32LE(zoneIndex(zone), 24);
    return encoded;
  }
  throw new OptionError(`"${address}" is not an IPv4 or IPv6 address`);
}

/** A zone is the number or the name of a network interface (RFC 4007 section 11). */
function zoneIndex(zone: string): number {
  const index = /^\d+$/.test(zone) ? Number(zone) : ifNameToIndex(zone);
  if (index > 0) return index;
  throw new OptionError(`this machine has no network interface "${zone}"`);
}

/**
 * Encodes `struct sockaddr_un` for a path in the file system or, when it begins with a NUL, for a name outside of it, which is as long as it
 * is and has no NUL behind it (unix(7), abstract). @throws OptionError when it is too long, or a path has a NUL, where it would end
 */
export function encodeUnixAddress(path: string): Buffer {
  const bytes = Buffer.from(path);
  const abstract = bytes[0] === 0;
  if (!abstract && bytes.includes(0)) {
    throw new OptionError(`the socket path must not contain a NUL: ${JSON.stringify(path)}`);
  }
  if (bytes.length > UNIX_PATH_LIMIT) {
    throw new OptionError(
      `the socket path is ${bytes.length} bytes long; at most ${UNIX_PATH_LIMIT} fit: ${path.replaceAll('\0', '@')}`,
    );
  }
  const encoded = Buffer.alloc(2 + bytes.length + (abstract ? 0 : 1));
  encoded.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(encoded, 2);
  return encoded;
}

/** Decodes what the kernel wrote into a `struct sockaddr` of `length` bytes. */
export function decodeSocketAddress(encoded: Buffer, length: number): SocketAddress {
  const family = encoded.readUInt16LE(0);
  if (family === AF_INET) {
    const address = `${encoded[4]}.${encoded[5]}.${encoded[6]}.${encoded[7]}`;
    return { family, address, port: encoded.readUInt16BE(2) };
  }
  if (family === AF_INET6) return { family, address: formatIpv6(encoded), port: encoded.readUInt16BE(2) };
  const end = encoded.indexOf(0, 2);
  const path = length <= 2 ? '' : encoded.toString('utf8', 2, end < 0 ? length : Math.min(end, length));
  return { family, address: path, port: 0 };
}

/** The text form of RFC 5952: the longest run of zero groups is shortened, IPv4-mapped addresses are dotted. */
function formatIpv6(encoded: Buffer): string {
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push(encoded.readUInt16BE(8 + 2 * i));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${encoded[20]}.${encoded[21]}.${encoded[22]}.${encoded[23]}`;
  }
  const url = new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]/`);
  const scope = encoded.readUInt32LE(24);
  return url.hostname.slice(1, -1) + (scope === 0 ? '' : `%${scope}`);
}
