/** Why a client was turned away before its conversation began. */
export const refusalCauses = [
  /** House and line are full. */
  'full',
  /** It waited in line for `waitTimeout`. */
  'wait-timeout',
  /** It hung up while in line. */
  'left',
  /** As many of its address wait as may (`maxWaitingPerAddress`). */
  'address',
  /** The quota of its address is spent. */
  'quota',
  /** The server is draining or stopped. */
  'draining',
] as const;

export type RefusalCause = (typeof refusalCauses)[number];
