import { networkInterfaces } from 'node:os';
import { type AddressKey, parseAddress } from '../dns/ip-address.ts';
import type { UpstreamAddress } from './upstream-address.ts';

/** What IPv6 addresses begin with that stand for IPv4 addresses (RFC 4291 section 2.5.5.2). */
const MAPPED = parseAddress('::ffff:0.0.0.0')?.slice(0, 12) as string;
const anyIPv4 = keyOf('0.0.0.0');
const anyIPv6 = keyOf('::');

/**
 * Whether asking an upstream would be asking this server.
 *
 * @param listening where this server listens; undefined where that is not known: then every address of this machine may be its own
 */
export function isThisServer(
  upstream: UpstreamAddress,
  listening: { readonly host: string; readonly port: number } | undefined,
): boolean {
  const asked = reached(upstream.host);
  if (listening === undefined) return isOfThisMachine(asked);
  if (upstream.port !== listening.port) return false;
  const bound = keyOf(listening.host);
  if (bound === asked) return true;
  const isCovered = bound === anyIPv6 || (bound === anyIPv4 && asked.length === 4);
  return isCovered && isOfThisMachine(asked);
}

function isOfThisMachine(address: AddressKey): boolean {
  // All of 127.0.0.0/8 is the loopback (RFC 1122 section 3.2.1.3).
  if (address.length === 4 && address.charCodeAt(0) === 127) return true;
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .some((each) => keyOf(each.address) === address);
}

/** The address that a connection to this one arrives at: the loopback, if it is that for all addresses. */
function reached(host: string): AddressKey {
  const key = keyOf(host);
  if (key === anyIPv4) return keyOf('127.0.0.1');
  return key === anyIPv6 ? keyOf('::1') : key;
}

/** The address without its zone; an IPv4 address that is written as IPv6 is the same. */
function keyOf(host: string): AddressKey {
  const key = parseAddress(host.replace(/%.*$/, '')) ?? '';
  return key.length === 16 && key.startsWith(MAPPED) ? key.slice(12) : key;
}
