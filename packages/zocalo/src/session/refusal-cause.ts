/** Why a client was refused before its conversation began. */
export const refusalCauses = [
  /** As many are in and wait as may (`maxClients`, `maxWaiting`). */
  'full',
  /** It waited for `waitTimeoutMs`, in line or for a worker. */
  'wait-timeout',
  /** It hung up while it waited. */
  'left',
  /** As many of its address wait as may (`maxWaitingPerAddress`). */
  'address',
  /** As many of its address are in and wait as may (`maxPerAddress`). */
  'address-limit',
  /** Its address is one of `deny`, or none of `allow`. */
  'denied',
  /** `accept` returned false, or failed. */
  'not-accepted',
  /** The quota of its address is spent. */
  'quota',
  /** A worker could not be started for it. */
  'no-worker',
  /** The server is draining or stopped. */
  'draining',
] as const;

export type RefusalCause = (typeof refusalCauses)[number];
