/** Every time is in milliseconds. */
export type Timing = {
  /** Between attempts to connect to a peer: the first pause, doubled up to the last. Defaults 20 and 1000. */
  connectFirstMs: number;
  connectLastMs: number;
  /** A frame without its ACK is sent again after this. Default 100. */
  resendMs: number;
  /** A link whose oldest frame has no ACK for this long is dead. Default 400. */
  deadMs: number;
  /** A link that is quiet for this long is proven with PRESENT. Default 150. */
  proveMs: number;
  /** A received TOKEN or DATA is acknowledged after this at the latest. Default 5. */
  ackMs: number;
  /** How long a node tries to learn which others it reaches before it reports to a claim. Default 120. */
  settleMs: number;
  /** How long the claimant waits for the reports, settling included. Default 300. */
  gatherMs: number;
  /** No token for this long, or for four times the measured rotation if that is longer, is a lost token. Default 600. */
  lossMs: number;
  /** A frozen side, or one whose claim came to nothing, tries again after this. Default 400. */
  retryMs: number;
  /** A message not copied is tried again after this, doubled up to sixteen times. Default 10. */
  againMs: number;
  /** A message that its destination has not recognised for this long is undeliverable. Default 10000. */
  giveUpMs: number;
  /** How long an idle token rests at the coordinator in each lap, once it has been idle for some laps. Default 50. */
  paceMs: number;
  /**
   * An ID that is refused as taken for this long ends its process. Longer than `dialLast` and `dead` together, or the next
   * refusal comes too late to be seen as the same. Default 3000.
   */
  duplicateMs: number;
  /** How long a node that leaves or stops waits for the last acknowledgements. Default 300. */
  exitMs: number;
};

export const defaultTiming: Readonly<Timing> = {
  connectFirstMs: 20,
  connectLastMs: 1000,
  resendMs: 100,
  deadMs: 400,
  proveMs: 150,
  ackMs: 5,
  settleMs: 120,
  gatherMs: 300,
  lossMs: 600,
  retryMs: 400,
  againMs: 10,
  giveUpMs: 10_000,
  paceMs: 50,
  duplicateMs: 3000,
  exitMs: 300,
};

/** The most nodes that one ring can have: an epoch keeps six bits for the place of its claimant. Guests count as well. */
export const MAX_NODES = 64;

/** Where a node listens. */
export type Address = { readonly host: string; readonly port: number };

/** A node, and where it listens. */
export type NodeAddress = Address & { readonly id: number };

export type NodeOptions = {
  id: number;
  /** The IDs of all configured nodes, clockwise; the same list in every node. A majority is one of this list. */
  ring: readonly number[];
  /** Of a guest, whose ID is not in `ring`: where it listens, for the others to connect to. */
  address?: Address | undefined;
  /** A number made from the ring's name and list: nodes of different rings refuse each other. 32 bits. */
  fingerprint: number;
  /** W, how many frames may be on their lap at once in one direction. Default 1. */
  window?: number;
  /** The nodes that may end the ring when node 0 is not in the view, in this order. */
  deputies?: readonly number[];
  timing?: Partial<Timing>;
};
