/** Numbers of IANA's "Domain Name System (DNS) Parameters" that are used by name here; the rest has its names from dns-packet. */

/** Types of records, and of questions (`ANY` and those before it). */
export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  OPT: 41,
  RRSIG: 46,
  NSEC: 47,
  NSEC3: 50,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
} as const;

export const classes = { IN: 1, CH: 3, ANY: 255 } as const;

/** What became of a question. BADVERS does not fit into the header: its upper bits are in the OPT record (RFC 6891 section 6.1.3). */
export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

/** The header of a message (RFC 1035 section 4.1.1): six numbers of two bytes each. */
export const HEADER_SIZE = 12;
/** Where they stand. */
export const header = { id: 0, flags: 2, questions: 4, answers: 6, authorities: 8, additionals: 10 } as const;

/** The bits of the flags; AD and CD are of RFC 4035. */
export const flags = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  checkingDisabled: 0x0010,
  rcode: 0x000f,
} as const;
