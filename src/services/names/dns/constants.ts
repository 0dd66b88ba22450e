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
