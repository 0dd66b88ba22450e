import type { JournalState } from './journal-state.ts';

/** Why a journal is not taken, or undefined. */
export function refusalOf(
  state: JournalState,
  directory: string,
  node: number,
  { ring, ringChanged }: { ring?: string | undefined; ringChanged?: boolean },
): string | undefined {
  if (state.node !== node) {
    return `${directory} is the state of node ${state.node}, not of node ${node}: give each its own`;
  }
  if (ring === undefined || state.ring === undefined || ring === state.ring || ringChanged === true)
    return undefined;
  return (
    `${directory} is the state of a node of another ring: of ${describeRing(state.ring)}, and this is ${describeRing(ring)}. ` +
    'Give each ring a state directory of its own (--state); if it is the same ring with other nodes, say so once with --ring-changed'
  );
}

/** A ring by the text of its fingerprint. */
function describeRing(text: string): string {
  const [name, ids] = JSON.parse(text) as [string, number[]];
  return `the ring ${JSON.stringify(name)} of the nodes ${ids.join(', ')}`;
}

/**
 * The delivery log follows the journal; where one of them was removed or put back without the other, numbers go on after the higher of
 * both, so that each delivery gets a line.
 */
export function* deliveryNotes(
  state: JournalState,
  fresh: boolean,
  logged: number,
  first: number | undefined,
  directory: string,
): Iterable<string> {
  if (fresh && logged > 0) {
    yield `${directory} has deliveries.log but no journal: deliveries are numbered from ${logged + 1} on, and messages that came before may come again`;
  } else if (logged > state.delivered) {
    yield `${directory}: deliveries.log has ${logged} deliveries and the journal knows of ${state.delivered}: it is older, and what came since may come again. Numbers go on from ${logged + 1}`;
  } else if (logged < (first ?? state.delivered + 1) - 1) {
    yield `${directory}: deliveries.log lacks deliveries ${logged + 1} to ${(first ?? state.delivered + 1) - 1}: it was removed or cut off, and the journal has their texts no more`;
  }
}
