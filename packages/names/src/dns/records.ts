import type { DnsRecord } from './answer.ts';
import { MalformedMessage, nameText, readName } from './domain-name.ts';
import { expandData } from './record-data.ts';

/** Behind the name: type, class, TTL and the length of the data. */
export const RECORD_FIXED_SIZE = 10;
/** A TTL above it is to be taken as 0 (RFC 2181 section 8). */
const MAX_TTL = 0x7fff_ffff;

/** Some records of a message, and where they end. */
export type ReadRecords = { readonly records: DnsRecord[]; readonly end: number };

/**
 * Reads so many records of a message.
 *
 * @throws MalformedMessage when they are cut short, or a name is bad
 */
export function readRecords(message: Buffer, from: number, count: number): ReadRecords {
  const records: DnsRecord[] = [];
  let at = from;
  for (let index = 0; index < count; index++) {
    const owner = readName(message, at);
    const fields = owner.end;
    const start = fields + RECORD_FIXED_SIZE;
    if (start > message.length) throw new MalformedMessage(`the record at ${at} is cut short`);
    at = start + message.readUInt16BE(fields + 8);
    if (at > message.length) throw new MalformedMessage(`the data of the record at ${fields} is cut short`);
    const type = message.readUInt16BE(fields);
    const ttl = message.readUInt32BE(fields + 4);
    records.push({
      name: nameText(owner.wire) as string,
      type,
      class: message.readUInt16BE(fields + 2),
      ttl: ttl > MAX_TTL ? 0 : ttl,
      data: expandData(message, type, start, at),
    });
  }
  return { records, end: at };
}
