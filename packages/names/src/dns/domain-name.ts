import { domainToASCII } from 'node:url';

/** The most octets of a name on the wire, lengths and the root included, and of a label (RFC 1035 section 2.3.4). */
const MAX_NAME = 255;
export const MAX_LABEL = 63;
/** A name has at most as many labels, and no more pointers are followed to read one. */
const MAX_LABELS = 127;
/** An octet that is as much or more begins a pointer (RFC 1035 section 4.1.4). */
export const POINTER = 0xc0;
const DOT = 0x2e;
const BACKSLASH = 0x5c;
/**
 * What stands in the text of a name for a dot inside a label, which separates nothing. Its low octet is that of a dot, so that it is written as one
 * (latin1 takes the low octet), and a name has as many characters as octets.
 */
const DOT_IN_LABEL = '\u012e';

/** A message that breaks the rules of RFC 1035; says where. It never leaves the decoding of messages. */
export class MalformedMessage extends Error {}

/** The name with its ASCII letters in lower case, which is how names are compared (RFC 4343); other octets stay. */
export function lowerCase(name: string): string {
  return /[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name;
}

/**
 * A name from a person, with or without a dot at its end, international or not, with the escapes of zone files (RFC 1035 section 5.1): `\.` is a
 * dot inside a label, `\032` an octet. Undefined when it cannot be one.
 */
export function parseName(text: string): string | undefined {
  if (text === '.') return text;
  const plain = /^[\x21-\x7e]*$/.test(text) ? unescaped(text) : domainToASCII(text);
  if (plain === undefined) return undefined;
  const name = plain.endsWith('.') ? plain.slice(0, -1) : plain;
  if (name.length === 0 || name.length > MAX_NAME - 2) return undefined;
  return name.split('.').every((label) => label.length > 0 && label.length <= MAX_LABEL) ? name : undefined;
}

/** The text with its escapes replaced by what they stand for; undefined when one stands for nothing. */
function unescaped(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  let bad = false;
  const plain = text.replace(/\\(\d{3}|\D|.?)/g, (_, code: string) => {
    const octet = code.length === 3 ? Number(code) : code.charCodeAt(0);
    bad ||= !/^(\d{3}|\D)$/.test(code) || octet > 0xff;
    return octet === DOT ? DOT_IN_LABEL : String.fromCharCode(octet);
  });
  return bad ? undefined : plain;
}

/** The octets of a name, uncompressed. */
export function encodeName(name: string): Buffer {
  if (name === '.') return Buffer.alloc(1);
  const wire = Buffer.allocUnsafe(name.length + 2);
  wire.write(name, 1, 'latin1');
  let start = 0;
  for (let at = name.indexOf('.'); at >= 0; at = name.indexOf('.', at + 1)) {
    wire[start] = at - start;
    start = at + 1;
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
 * An uncompressed name as the text of a {@link Question}; undefined when the octets are no name.
 *
 * `wire` is read from `start`; what follows the name does not matter.
 */
export function nameText(wire: Uint8Array, start = 0): string | undefined {
  let count = 0;
  let hasDots = false;
  for (let at = start; ; ) {
    const length = wire[at++];
    if (length === undefined || length > MAX_LABEL || at + length > wire.length) return undefined;
    if (length === 0) break;
    if (count + length > MAX_NAME - 3) return undefined;
    if (count > 0) scratch[count++] = DOT;
    for (const end = at + length; at < end; at++) {
      const octet = wire[at] as number;
      hasDots ||= octet === DOT;
      scratch[count++] = octet;
    }
  }
  if (hasDots) return withDotsInLabels(wire, start);
  return count === 0 ? '.' : scratch.toString('latin1', 0, count);
}

const scratch = Buffer.allocUnsafeSlow(MAX_NAME + 1);

function withDotsInLabels(wire: Uint8Array, start: number): string {
  const labels: string[] = [];
  for (let at = start; wire[at] !== 0; at += 1 + (wire[at] as number)) {
    const octets = wire.subarray(at + 1, at + 1 + (wire[at] as number));
    labels.push(String.fromCharCode(...octets).replaceAll('.', DOT_IN_LABEL));
  }
  return labels.join('.');
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
