import dnsPacket from 'dns-packet';
import type { DnsRecord } from './answer.ts';
import { HEADER_SIZE, types } from './constants.ts';
import { encodeName, nameEnd, presentName } from './domain-name.ts';
import { formatAddress } from './ip-address.ts';

/** The name of a type of records, such as `MX`; `TYPE65` for those without one here (RFC 3597 section 5). */
export function typeName(type: number): string {
  let name = typeNames.get(type);
  if (name === undefined) {
    const question = Buffer.alloc(HEADER_SIZE + 5);
    question.writeUInt16BE(1, 4);
    question.writeUInt16BE(type, HEADER_SIZE + 1);
    const found = dnsPacket.decode(question).questions?.[0]?.type ?? '';
    name = found.startsWith('UNKNOWN') ? `TYPE${type}` : found;
    typeNames.set(type, name);
  }
  return name;
}

/** At most 65,536. */
const typeNames = new Map<number, string>();

/** The data of a record as zone files have it (RFC 1035 section 5.1); of a type not known here, or malformed, the form of RFC 3597 section 5. */
export function dataText({ type, data }: DnsRecord): string {
  return knownText(type, Buffer.from(data.buffer, data.byteOffset, data.length)) ?? rawText(data);
}

function rawText(data: Uint8Array): string {
  return `\\# ${data.length}${data.length === 0 ? '' : ` ${Buffer.from(data).toString('hex')}`}`;
}

function knownText(type: number, data: Buffer): string | undefined {
  switch (type) {
    case types.A:
      return data.length === 4 ? formatAddress(data) : undefined;
    case types.AAAA:
      return data.length === 16 ? formatAddress(data) : undefined;
    case types.NS:
    case types.CNAME:
    case types.PTR:
    case types.DNAME:
      return namesText(data, 0, 1, 0);
    case types.MX:
      return namesText(data, 1, 1, 0);
    case types.SRV:
      return namesText(data, 3, 1, 0);
    case types.SOA:
      return namesText(data, 0, 2, 5);
    case types.TXT:
      return stringsText(data);
    default:
      return rarerText(type, data);
  }
}

/** Numbers of 16 bits, then names, then numbers of 32 bits. */
function namesText(data: Buffer, shorts: number, names: number, longs: number): string | undefined {
  if (data.length < 2 * shorts) return undefined;
  const fields: (string | number)[] = [];
  let at = 0;
  for (; at < 2 * shorts; at += 2) fields.push(data.readUInt16BE(at));
  for (let index = 0; index < names; index++) {
    const end = nameEnd(data, at);
    if (end === undefined || end > data.length) return undefined;
    fields.push(presentName(data, at));
    at = end;
  }
  if (data.length !== at + 4 * longs) return undefined;
  for (; at < data.length; at += 4) fields.push(data.readUInt32BE(at));
  return fields.join(' ');
}

/** Character strings (RFC 1035 section 3.3.14). */
function stringsText(data: Buffer): string | undefined {
  const strings = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 1 + (data[at] as number);
    if (end > data.length) return undefined;
    strings.push(quoted(data.subarray(at + 1, end)));
    at = end;
  }
  return strings.length === 0 ? undefined : strings.join(' ');
}

function quoted(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    if (octet < 0x20 || octet >= 0x7f) text += `\\${String(octet).padStart(3, '0')}`;
    else
      text +=
        octet === 0x22 || octet === 0x5c ? `\\${String.fromCharCode(octet)}` : String.fromCharCode(octet);
  }
  return `"${text}"`;
}

/** Types that dns-packet knows. What it reads must be what was there: of malformed data it may make something else. */
function rarerText(type: number, data: Buffer): string | undefined {
  try {
    const message = asMessage(type, data);
    const answer = dnsPacket.decode(message).answers?.[0];
    if (answer === undefined) return undefined;
    if (!dnsPacket.encode({ type: 'response', answers: [answer] }).equals(message)) return undefined;
    switch (answer.type) {
      case 'CAA': {
        const { flags = 0, tag, value } = answer.data;
        // RFC 8659 section 4.1; what else a tag may hold would reach the terminal as it is.
        if (!/^[a-z0-9]+$/i.test(tag)) return undefined;
        return `${flags} ${tag} ${quoted(Buffer.from(value))}`;
      }
      case 'DS':
        return `${answer.data.keyTag} ${answer.data.algorithm} ${answer.data.digestType} ${answer.data.digest.toString('hex')}`;
      case 'DNSKEY':
        return `${answer.data.flags} 3 ${answer.data.algorithm} ${answer.data.key.toString('base64')}`;
      case 'RRSIG': {
        const { algorithm, labels, originalTTL, expiration, inception, keyTag, signature } = answer.data;
        const numbers = [algorithm, labels, originalTTL, timeText(expiration), timeText(inception), keyTag];
        const signer = presentName(data, RRSIG_SIGNER);
        return [typeName(data.readUInt16BE(0)), ...numbers, signer, signature.toString('base64')].join(' ');
      }
      case 'SSHFP':
        return `${answer.data.algorithm} ${answer.data.hash} ${answer.data.fingerprint}`;
      case 'TLSA': {
        const { usage, selector, matchingType, certificate } = answer.data;
        return `${usage} ${selector} ${matchingType} ${certificate.toString('hex')}`;
      }
      case 'HINFO':
        return `${quoted(Buffer.from(answer.data.cpu))} ${quoted(Buffer.from(answer.data.os))}`;
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

/** Where the name of the signer stands in an RRSIG (RFC 4034 section 3.1). */
const RRSIG_SIGNER = 18;

/** A time in seconds as signatures have it: `YYYYMMDDHHmmSS` (RFC 4034 section 3.2). */
function timeText(seconds = 0): string {
  return new Date(seconds * 1_000).toISOString().replace(/\D/g, '').slice(0, 14);
}

/** A message whose only answer is of the root and has this data. */
function asMessage(type: number, data: Buffer): Buffer {
  const message = Buffer.alloc(HEADER_SIZE + 11 + data.length);
  message.writeUInt16BE(0x8000, 2);
  message.writeUInt16BE(1, 6);
  encodeName('.').copy(message, HEADER_SIZE);
  message.writeUInt16BE(type, HEADER_SIZE + 1);
  message.writeUInt16BE(1, HEADER_SIZE + 3);
  message.writeUInt16BE(data.length, HEADER_SIZE + 9);
  data.copy(message, HEADER_SIZE + 11);
  return message;
}
