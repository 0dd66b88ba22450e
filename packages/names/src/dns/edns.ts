import { types } from './constants.ts';

/**
 * The largest answer over UDP that this server asks for and accepts, in bytes: it fits unfragmented into the smallest packets that IPv6
 * guarantees (DNS Flag Day 2020).
 */
export const UDP_PAYLOAD_SIZE = 1_232;
/** The option edns-tcp-keepalive (RFC 7828). */
const KEEPALIVE = 11;
/** The option Extended DNS Error (RFC 8914). */
const EXTENDED_ERROR = 15;
/** The root, type, class, TTL and data length of an OPT record. */
const FIXED_SIZE = 11;

/** What an OPT record says (RFC 6891). */
export type Edns = {
  readonly version: number;
  /** The largest UDP message that its sender takes, in bytes. */
  readonly payloadSize: number;
  /** Whether signatures are wanted too: the bit DO (RFC 3225). */
  readonly dnssec: boolean;
  /** Whether the client asks how long it may keep an idle connection (RFC 7828). */
  readonly keepalive: boolean;
};

/** The bit DO among the lower 16 bits of the TTL, which are flags (RFC 6891 section 6.1.4). */
const DO = 0x8000;

/**
 * Reads the fields of an OPT record behind its name and type; undefined when they break a rule.
 *
 * @param at where the class stands
 * @param end where the data ends, which is within the message
 */
export function decodeEdns(message: Buffer, at: number, end: number): Edns | undefined {
  let keepalive = false;
  let option = at + 8;
  while (option < end) {
    if (option + 4 > end) return undefined;
    const length = message.readUInt16BE(option + 2);
    if (option + 4 + length > end) return undefined;
    if (message.readUInt16BE(option) === KEEPALIVE) {
      // A client gives no time-out: it asks for one (section 3.2.1).
      if (length !== 0) return undefined;
      keepalive = true;
    }
    option += 4 + length;
  }
  return {
    version: message[at + 3] as number,
    payloadSize: message.readUInt16BE(at),
    dnssec: (message.readUInt16BE(at + 4) & DO) !== 0,
    keepalive,
  };
}

/** What a reply has in its OPT record. */
export type EdnsReply = {
  /** The rcode, of which the OPT record carries the upper 8 bits. */
  readonly rcode: number;
  /** The bit DO; a reply repeats that of the query (RFC 3225 section 3). */
  readonly dnssec: boolean;
  /** How long an idle connection is kept, in milliseconds; said when the client asked. */
  readonly keepalive?: number | undefined;
  /** An Extended DNS Error, and its text. */
  readonly error?: { readonly code: number; readonly text: string } | undefined;
};

/** How many bytes {@link writeEdns} writes. */
export function ednsSize({ keepalive, error }: EdnsReply): number {
  return (
    FIXED_SIZE +
    (keepalive === undefined ? 0 : 6) +
    (error === undefined ? 0 : 6 + Buffer.byteLength(error.text))
  );
}

/** Writes an OPT record of version 0; returns where it ends. */
export function writeEdns(
  bytes: Buffer,
  start: number,
  { rcode, dnssec, keepalive, error }: EdnsReply,
): number {
  bytes[start] = 0;
  bytes.writeUInt16BE(types.OPT, start + 1);
  bytes.writeUInt16BE(UDP_PAYLOAD_SIZE, start + 3);
  bytes.writeUInt32BE((((rcode >> 4) << 24) | (dnssec ? DO : 0)) >>> 0, start + 5);
  let at = start + FIXED_SIZE;
  if (keepalive !== undefined) {
    bytes.writeUInt16BE(KEEPALIVE, at);
    bytes.writeUInt16BE(2, at + 2);
    // In units of 100 ms (section 3.1).
    bytes.writeUInt16BE(Math.min(Math.floor(keepalive / 100), 0xffff), at + 4);
    at += 6;
  }
  if (error !== undefined) {
    const length = bytes.write(error.text, at + 6);
    bytes.writeUInt16BE(EXTENDED_ERROR, at);
    bytes.writeUInt16BE(2 + length, at + 2);
    bytes.writeUInt16BE(error.code, at + 4);
    at += 6 + length;
  }
  bytes.writeUInt16BE(at - start - FIXED_SIZE, start + 9);
  return at;
}
