/** Every time is in milliseconds. */
export type Timing = {
  /** Between the attempts to dial a peer: the first pause, doubled up to the last. Defaults 20 and 1000. */
  dialFirst: number;
  dialLast: number;
  /** A frame without its LACK is sent again after this. Default 100. */
  resend: number;
  /** A link whose oldest frame has no LACK for this long is dead. Default 400. */
  dead: number;
  /** A link that is quiet for this long is proven with PRESENT. Default 150. */
  prove: number;
  /** A received TOKEN or DATA is acknowledged after this at the latest. Default 5. */
  lack: number;
  /** How long a node tries to learn whom it reaches before it reports to a claim. Default 120. */
  settle: number;
  /** How long the claimant waits for the reports, settling included. Default 300. */
  gather: number;
  /** No token for this long, or for four times the measured rotation if that is longer, is a lost token. Default 600. */
  loss: number;
  /** A frozen side, or one whose claim came to nothing, tries again after this. Default 400. */
  retry: number;
  /** A message not copied is tried again after this, doubled up to sixteen times. Default 10. */
  again: number;
  /** A message that its destination has not recognised for this long is undeliverable. Default 10000. */
  giveUp: number;
  /** How long an idle token rests at the coordinator in each lap. Default 0. */
  pace: number;
  /**
   * An ID that is refused as taken for this long ends its process. Longer than `dialLast` and `dead` together, or the next
   * refusal comes too late to be seen as the same. Default 3000.
   */
  duplicate: number;
  /** How long a node that leaves or stops waits for the last acknowledgements. Default 300. */
  exit: number;
};

export const defaultTiming: Readonly<Timing> = {
  dialFirst: 20,
  dialLast: 1000,
  resend: 100,
  dead: 400,
  prove: 150,
  lack: 5,
  settle: 120,
  gather: 300,
  loss: 600,
  retry: 400,
  again: 10,
  giveUp: 10_000,
  pace: 0,
  duplicate: 3000,
  exit: 300,
};

/** The most nodes that one ring can have: an epoch keeps six bits for the place of its claimant. Guests count as well. */
export const MAX_NODES = 64;

/** Where a node listens. */
export type Address = { readonly host: string; readonly port: number };

/** A node that is in no `ring.toml`, and where it listens. */
export type Guest = Address & { readonly id: number };

export type NodeOptions = {
  id: number;
  /** The IDs of all configured nodes, clockwise; the same list in every node. A majority is one of this list. */
  ring: readonly number[];
  /** Of a guest, whose ID is not in `ring`: where it listens, for the others to dial. */
  address?: Address | undefined;
  /** A number made from the ring's name and list: nodes of different rings refuse each other. 32 bits. */
  fingerprint: number;
  /** W, how many frames may be on their lap at once in one direction. Default 1. */
  window?: number;
  /** The nodes that may end the ring when node 0 is not in the view, in this order. */
  deputies?: readonly number[];
  timing?: Partial<Timing>;
};
