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
