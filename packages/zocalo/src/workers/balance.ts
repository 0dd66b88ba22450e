import { createHash } from 'node:crypto';

/** Which worker gets the next client. */
export const balances = ['least-connections', 'round-robin', 'source'] as const;
export type Balance = (typeof balances)[number];

/** A worker that may be chosen. */
type Candidate = { readonly row: number; readonly load: number };

/** Chooses workers. The candidates are all workers that are ready and have room. */
export class Balancer {
  readonly #balance: Balance;
  readonly #workers: number;
  #last = -1;

  /** @param workers how many there are, those that cannot be chosen now included */
  constructor(balance: Balance, workers: number) {
    this.#balance = balance;
    this.#workers = workers;
  }

  /** @param address of the client; empty for a Unix socket */
  choose<Each extends Candidate>(candidates: readonly Each[], address: string): Each | undefined {
    if (this.#balance === 'round-robin') return this.#next(candidates);
    if (this.#balance === 'source' && address !== '') {
      const own = candidates.find(({ row }) => row === rowOf(address, this.#workers));
      // Its worker is being replaced, or is full: better another than none.
      if (own !== undefined) return own;
    }
    let least: Each | undefined;
    for (const each of candidates) if (least === undefined || each.load < least.load) least = each;
    return least;
  }

  #next<Each extends Candidate>(candidates: readonly Each[]): Each | undefined {
    const following = candidates.find(({ row }) => row > this.#last) ?? candidates[0];
    if (following !== undefined) this.#last = following.row;
    return following;
  }
}

/** The row that the clients of an address share. */
function rowOf(address: string, workers: number): number {
  return createHash('sha1').update(address).digest().readUInt32LE(0) % workers;
}
