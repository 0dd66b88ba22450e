import { MalformedMessage, nameEnd, readName } from './domain-name.ts';

/**
 * Where names stand in the data of a record, for the types in which they may be compressed (RFC 3597 section 4): `d` is a domain name, `s` a
 * character string, a digit so many octets; what follows has no names.
 */
const layouts: ReadonlyMap<number, string> = new Map([
  [2, 'd'], // NS
  [3, 'd'], // MD
  [4, 'd'], // MF
  [5, 'd'], // CNAME
  [6, 'dd'], // SOA
  [7, 'd'], // MB
  [8, 'd'], // MG
  [9, 'd'], // MR
  [12, 'd'], // PTR
  [14, 'dd'], // MINFO
  [15, '2d'], // MX
  [17, 'dd'], // RP
  [18, '2d'], // AFSDB
  [21, '2d'], // RT
  [26, '2dd'], // PX
  [33, '6d'], // SRV
  [35, '4sssd'], // NAPTR
  [36, '2d'], // KX
  [39, 'd'], // DNAME
]);

/** The last of the types whose names a sender may compress: they are of RFC 1035 (RFC 3597 section 4). */
const LAST_COMPRESSIBLE = 15;

/**
 * The data of a record in a message, with its names uncompressed. Of types without known names it is as it came. It is a copy.
 *
 * @throws MalformedMessage when names reach beyond the data, or are none
 */
export function expandData(message: Buffer, type: number, start: number, end: number): Buffer {
  const layout = layouts.get(type);
  if (layout === undefined) return Buffer.from(message.subarray(start, end));
  const parts: Buffer[] = [];
  let at = start;
  for (const field of layout) {
    const from = at;
    if (field === 'd') {
      const name = readName(message, at);
      parts.push(name.wire);
      at = name.end;
    } else {
      at += field === 's' ? 1 + (message[at] ?? 0) : Number(field);
      parts.push(message.subarray(from, at));
    }
    if (at > end) throw new MalformedMessage(`the data of a record at ${start} is cut short`);
  }
  parts.push(message.subarray(at, end));
  return Buffer.concat(parts);
}

/**
 * Where the names stand that may be compressed in such data, each from `start` to `end`; none when the data is not what its type says.
 *
 * @param all whether also those of newer types
 */
export function compressibleNames(
  type: number,
  data: Uint8Array,
  all: boolean,
): { start: number; end: number }[] {
  const layout = all || type <= LAST_COMPRESSIBLE ? layouts.get(type) : undefined;
  const names: { start: number; end: number }[] = [];
  let at = 0;
  for (const field of layout ?? '') {
    const end =
      field === 'd' ? nameEnd(data, at) : at + (field === 's' ? 1 + (data[at] ?? 0) : Number(field));
    if (end === undefined || end > data.length) return [];
    if (field === 'd') names.push({ start: at, end });
    at = end;
  }
  return names;
}
