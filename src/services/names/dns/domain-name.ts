import { domainToASCII } from 'node:url';

/** The most octets of a name on the wire, lengths and the root included, and of a label (RFC 1035 section 2.3.4). */
const MAX_NAME = 255;
const MAX_LABEL = 63;
/** A name has at most as many labels, and no more pointers are followed to read one. */
const MAX_LABELS = 127;
const POINTER = 0xc0;
const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** A message that breaks the rules of RFC 1035; says where. It never leaves the decoding of messages. */
export class MalformedMessage extends Error {}

/** The name with its ASCII letters in lower case, which is how names are compared (RFC 4343); other octets stay. */
export function lowerCase(name: string): string {
  return /[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name;
}

/** A name from a person, with or without a dot at its end, international or not; undefined when it cannot be one. */
export function parseName(text: string): string | undefined {
  if (text === '.') return text;
  const plain = /^[\x21-\x7e]*$/.test(text) ? text : domainToASCII(text);
  const name = plain.endsWith('.') ? plain.slice(0, -1) : plain;
  if (name.length === 0 || name.length > MAX_NAME - 2) return undefined;
  return name.split('.').every((label) => label.length > 0 && label.length <= MAX_LABEL) ? name : undefined;
}

/** The octets of a name, uncompressed. */
export function encodeName(name: string): Buffer {
  if (name === '.') return Buffer.alloc(1);
  const wire = Buffer.allocUnsafe(name.length + 2);
  wire.write(name, 1, 'latin1');
  let start = 0;
  for (let at = 1; at <= name.length; at++) {
    if (wire[at] !== DOT) continue;
    wire[start] = at - start - 1;
    start = at;
  }
  wire[start] = name.length - start;
  wire[name.length + 1] = 0;
  return wire;
}

/** A name that was read, uncompressed, and where in the message it ends. */
export type ReadName = { readonly wire: Buffer; readonly end: number };

/**
 * Reads a name that may be compressed (RFC 1035 section 4.1.4). A pointer has to lead to before where the part with it began, and at most 127 are
 * followed, so that no name takes more than a few hundred steps.
 *
 * @throws MalformedMessage
 */
export function readName(message: Buffer, from: number): ReadName {
  const wire = Buffer.allocUnsafe(MAX_NAME);
  let length = 0;
  let end = -1;
  let at = from;
  let partStart = from;
  for (let pointers = 0; ; ) {
    const octet = message[at];
    if (octet === undefined) throw new MalformedMessage(`the name at ${from} does not end`);
    if (octet >= POINTER) {
      const target = ((octet & ~POINTER) << 8) | (message[at + 1] ?? 0xff);
      if (end < 0) end = at + 2;
      if (target >= partStart || ++pointers > MAX_LABELS || end > message.length) {
        throw new MalformedMessage(`the name at ${from} has a bad pointer`);
      }
      at = target;
      partStart = target;
      continue;
    }
    if (octet > MAX_LABEL || length + octet + 1 > MAX_NAME || at + 1 + octet > message.length) {
      throw new MalformedMessage(`the name at ${from} has a bad label`);
    }
    message.copy(wire, length, at, at + 1 + octet);
    length += octet + 1;
    at += octet + 1;
    if (octet === 0) return { wire: wire.subarray(0, length), end: end < 0 ? at : end };
  }
}

/**
 * An uncompressed name as the text of a {@link Question}; undefined when a label contains a dot, or the octets are no name.
 *
 * `wire` is read from `start`; what follows the name does not matter.
 */
export function nameText(wire: Uint8Array, start = 0): string | undefined {
  const octets = [];
  for (let at = start; ; ) {
    const length = wire[at++];
    if (length === undefined || length > MAX_LABEL || at + length > wire.length) return undefined;
    if (length === 0) return octets.length === 0 ? '.' : String.fromCharCode(...octets);
    if (octets.length > 0) octets.push(DOT);
    for (const end = at + length; at < end; at++) {
      if (wire[at] === DOT) return undefined;
      octets.push(wire[at] as number);
    }
  }
}

/** Where an uncompressed name ends; undefined when the octets are none. */
export function nameEnd(wire: Uint8Array, start: number): number | undefined {
  for (let at = start; at - start < MAX_NAME; ) {
    const length = wire[at];
    if (length === undefined || length > MAX_LABEL) return undefined;
    at += length + 1;
    if (length === 0) return at;
  }
  return undefined;
}

/** An uncompressed name as in zone files: with a dot at its end, and octets that would be misread escaped (RFC 1035 section 5.1). */
export function presentName(wire: Uint8Array, start = 0): string {
  let text = '';
  for (let at = start; ; ) {
    const length = wire[at++] ?? 0;
    if (length === 0) return text === '' ? '.' : text;
    for (const octet of wire.subarray(at, at + length)) text += presentOctet(octet);
    text += '.';
    at += length;
  }
}

function presentOctet(octet: number): string {
  if (octet <= 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, '0')}`;
  const character = String.fromCharCode(octet);
  return octet === DOT || octet === BACKSLASH || '"();@$'.includes(character) ? `\\${character}` : character;
}
