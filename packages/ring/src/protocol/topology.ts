/** Which nodes make a ring, as their places in the ring order. */
export type Shape = { members: number[]; wrapped: boolean };

/**
 * The largest set of nodes that can stand in a ring in their order, with the claimant among them. `adjacent` says whether two
 * nodes reach each other, both ways; `weight` how much a node counts. Where one gap cannot be bridged the ring is wrapped: a
 * line whose ends turn frames round. A closed ring is preferred to a wrapped one of the same size. Undefined: the claimant is
 * alone.
 *
 * A chain in a fixed order is a path in a directed graph without cycles, so the longest one is found exactly, in
 * O(n^3) for n nodes.
 */
export function chooseShape(
  places: readonly number[],
  claimant: number,
  adjacent: (one: number, other: number) => boolean,
  weight: (place: number) => number = () => 1,
): Shape | undefined {
  const start = places.indexOf(claimant);
  const chains: Chains = { adjacent, size: (chain) => chain.reduce((sum, place) => sum + weight(place), 0) };
  const closed = longestRing(rotate(places, start), chains);
  let open: number[] = [];
  for (let first = 0; first < places.length; first++) {
    const line = longestLine(rotate(places, first), claimant, chains);
    if (chains.size(line) > chains.size(open)) open = line;
  }
  if (open.length > 2 && chains.size(open) > chains.size(closed)) return { members: open, wrapped: true };
  if (closed.length >= 2) return { members: [...closed].sort((a, b) => a - b), wrapped: false };
  return undefined;
}

function rotate(places: readonly number[], by: number): number[] {
  return [...places.slice(by), ...places.slice(0, by)];
}

/** What makes a chain, and how large it is. */
type Chains = {
  adjacent: (one: number, other: number) => boolean;
  size: (chain: readonly number[]) => number;
};

/** The longest chain that begins with the first place and whose last place is adjacent to it. */
function longestRing(order: number[], { adjacent, size }: Chains): number[] {
  let best: number[] = [];
  for (const chain of chainsFrom(order, 0, { adjacent, size })) {
    const last = chain?.at(-1);
    if (chain === undefined || last === undefined || chain.length < 2) continue;
    if (size(chain) > size(best) && adjacent(last, order[0] as number)) best = chain;
  }
  return best;
}

/** The longest chain from the first place on that has the claimant in it. */
function longestLine(order: number[], claimant: number, chains: Chains): number[] {
  const place = order.indexOf(claimant);
  const before = chainsFrom(order.slice(0, place + 1), 0, chains)[place];
  if (before === undefined) return [];
  let after: number[] = [];
  for (const chain of chainsFrom(order, place, chains)) {
    if (chain !== undefined && chains.size(chain) > chains.size(after)) after = chain;
  }
  return [...before, ...after.slice(1)];
}

/** For every place of the order the longest chain from `first` to it; undefined where there is none. */
function chainsFrom(order: number[], first: number, { adjacent, size }: Chains): (number[] | undefined)[] {
  const chains: (number[] | undefined)[] = order.map(() => undefined);
  const sizes: number[] = order.map(() => 0);
  chains[first] = [order[first] as number];
  sizes[first] = size(order.slice(first, first + 1));
  for (let to = first + 1; to < order.length; to++) {
    const here = order[to] as number;
    const own = size([here]);
    for (let from = first; from < to; from++) {
      const chain = chains[from];
      const whole = (sizes[from] as number) + own;
      if (chain === undefined || whole <= (sizes[to] as number)) continue;
      if (!adjacent(order[from] as number, here)) continue;
      chains[to] = [...chain, here];
      sizes[to] = whole;
    }
  }
  return chains;
}
