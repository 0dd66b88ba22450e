/** Which nodes make a ring, as their places in the ring order. */
export type Shape = { members: number[]; wrapped: boolean };

/**
 * The largest set of nodes that can stand in a ring in their configured order, with the claimant among them. `adjacent`
 * says whether two nodes reach each other, both ways. Where one gap cannot be bridged the ring is wrapped: a line whose
 * ends turn frames round. A closed ring is preferred to a wrapped one of the same size. Undefined: the claimant is alone.
 *
 * A chain in a fixed order is a path in a directed graph without cycles, so the longest one is found exactly, in
 * O(n^3) for n nodes.
 */
export function chooseShape(
  places: readonly number[],
  claimant: number,
  adjacent: (one: number, other: number) => boolean,
): Shape | undefined {
  const start = places.indexOf(claimant);
  const closed = longestRing(rotate(places, start), adjacent);
  let open: number[] = [];
  for (let first = 0; first < places.length; first++) {
    const line = longestLine(rotate(places, first), claimant, adjacent);
    if (line.length > open.length) open = line;
  }
  if (open.length > Math.max(closed.length, 2)) return { members: open, wrapped: true };
  if (closed.length >= 2) return { members: [...closed].sort((a, b) => a - b), wrapped: false };
  return undefined;
}

function rotate(places: readonly number[], by: number): number[] {
  return [...places.slice(by), ...places.slice(0, by)];
}

/** The longest chain that begins with the first place and whose last place is adjacent to it. */
function longestRing(order: number[], adjacent: (one: number, other: number) => boolean): number[] {
  const chains = chainsFrom(order, 0, adjacent);
  let best: number[] = [];
  for (const chain of chains) {
    const last = chain?.at(-1);
    if (chain === undefined || last === undefined || chain.length < 2) continue;
    if (chain.length > best.length && adjacent(last, order[0] as number)) best = chain;
  }
  return best;
}

/** The longest chain from the first place on that has the claimant in it. */
function longestLine(
  order: number[],
  claimant: number,
  adjacent: (one: number, other: number) => boolean,
): number[] {
  const place = order.indexOf(claimant);
  const before = chainsFrom(order.slice(0, place + 1), 0, adjacent)[place];
  if (before === undefined) return [];
  let after: number[] = [];
  for (const chain of chainsFrom(order, place, adjacent)) {
    if (chain !== undefined && chain.length > after.length) after = chain;
  }
  return [...before, ...after.slice(1)];
}

/** For every place of the order the longest chain from `first` to it; undefined where there is none. */
function chainsFrom(
  order: number[],
  first: number,
  adjacent: (one: number, other: number) => boolean,
): (number[] | undefined)[] {
  const chains: (number[] | undefined)[] = order.map(() => undefined);
  chains[first] = [order[first] as number];
  for (let to = first + 1; to < order.length; to++) {
    for (let from = first; from < to; from++) {
      const chain = chains[from];
      if (chain === undefined || chain.length < (chains[to]?.length ?? 0)) continue;
      if (adjacent(order[from] as number, order[to] as number)) chains[to] = [...chain, order[to] as number];
    }
  }
  return chains;
}
