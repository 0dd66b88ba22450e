import type { Message, TimerName } from '../../src/protocol/event.ts';
import { BROADCAST, type Stream } from '../../src/protocol/frame.ts';
import { Random } from './random.ts';

/** What goes wrong, and when: milliseconds since the start. `for` is how long; without it, for ever. */
export type Fault =
  /** The process dies. `silent`: its host does, so its connections do not end. */
  | { type: 'crash'; at: number; node: number; for?: number; silent: boolean }
  /** The process dies at its next record: just before it is on disk, or just after. */
  | { type: 'crash-at-sync'; at: number; node: number; for: number; after: boolean }
  /** The process stands still. */
  | { type: 'stall'; at: number; node: number; for: number }
  /** Nothing passes between two nodes, or nothing from the first to the second. */
  | { type: 'cut'; at: number; from: number; to: number; oneWay: boolean; for?: number }
  /** Nothing passes between the nodes of the list and the others. */
  | { type: 'partition'; at: number; side: number[]; for: number }
  /** Messages take long from one node to another. */
  | { type: 'slow'; at: number; from: number; to: number; for: number }
  /** Of two nodes, the first cannot send some messages to the second: what is behind such a one on a connection does not come either. */
  | { type: 'narrow'; at: number; from: number; to: number; for: number }
  /** A node receives an epoch that no node has made. */
  | { type: 'false-epoch'; at: number; node: number; epoch: number }
  /** A part of all frames vanishes, or comes twice. */
  | { type: 'drop'; at: number; for: number }
  | { type: 'duplicate'; at: number; for: number }
  /** A node gets the token that it had last a second time, as a new frame. */
  | { type: 'second-token'; at: number; node: number }
  /** The connections between two nodes break. */
  | { type: 'reset'; at: number; from: number; to: number }
  /** A node's clock jumps ahead, so that all of its timers run out. */
  | { type: 'jump'; at: number; node: number; by: number }
  /** A timer runs out that has not been set. */
  | { type: 'time-out'; at: number; node: number; timer: TimerName; key: number }
  /** Another process with the same ID starts, on another host. */
  | { type: 'impostor'; at: number; node: number }
  /** The operator takes a node out, and starts it again. */
  | { type: 'leave'; at: number; node: number; for: number }
  /** A guest starts for the first time. */
  | { type: 'join'; at: number; node: number };

export type Scenario = {
  seed: number;
  nodes: number;
  window: number;
  paceMs: number;
  /** How many nodes may join that are in no configuration; their IDs follow those of the others. */
  guests: number;
  /** The messages of each node, the guests included. */
  files: Message[][];
  faults: Fault[];
  /** `undefined`: the ring drains at the end. A time: it is stopped then, without draining. */
  stopNow: boolean;
};

/** Everything goes wrong within so many milliseconds; after it nothing new does. */
const FAULT_PERIOD_MS = 1200;

const timers: TimerName[] = ['connect', 'link', 'ack', 'token', 'gather', 'settle', 'claim', 'pace', 'exit'];

/**
 * What the seed says. `withGuests`: in a third of all seeds nodes join that are in no configuration. `withMore`: in a third of them there
 * are broadcast messages, and in another links that are slow or do not carry all.
 */
export function scenarioOf(seed: number, withGuests = true, withMore = withGuests): Scenario {
  const random = new Random(seed);
  const nodes = random.pick([2, 3, 3, 4, 4, 5, 5, 6]);
  const faults: Fault[] = [];
  const count = random.whole(0, 4);
  for (let made = 0; made < count; made++) faults.push(faultOf(random, nodes));
  const scenario: Scenario = {
    seed,
    nodes,
    window: random.pick([1, 1, 2, 4]),
    paceMs: random.pick([0, 15, 30, 30]),
    files: Array.from({ length: nodes }, () => fileOf(random, nodes)),
    faults,
    stopNow: random.chance(0.2),
    guests: 0,
  };
  if (withGuests && random.chance(0.35)) addGuests(scenario, random);
  if (withMore) addMore(scenario, new Random(seed ^ 0xb0a57));
  faults.sort((one, other) => one.at - other.at);
  return scenario;
}

/** Guests that join at any time, and may have faults as well; all nodes have messages for them. */
function addGuests(scenario: Scenario, random: Random): void {
  const { nodes, faults, files } = scenario;
  const guests = random.pick([1, 1, 2, 3]);
  const places = nodes + guests;
  scenario.guests = guests;
  for (const file of files) {
    if (random.chance(0.5)) file.push(messageOf(file.length, random.whole(nodes, places - 1), 0));
  }
  for (let id = nodes; id < places; id++) {
    files.push(fileOf(random, places));
    faults.push({ type: 'join', at: random.whole(0, FAULT_PERIOD_MS), node: id });
  }
  for (let count = random.whole(0, 3); count > 0; count--) {
    const fault = faultOf(random, places);
    // Of two guests with one ID neither is the rightful one.
    if (fault.type !== 'impostor' || fault.node < nodes) faults.push(fault);
  }
}

function addMore({ nodes, files, faults }: Scenario, random: Random): void {
  if (random.chance(0.35)) {
    for (const [id, file] of files.entries()) {
      for (const [index, message] of file.entries()) {
        if (random.chance(0.4)) file[index] = { ...message, destination: id, stream: BROADCAST };
      }
    }
  }
  if (random.chance(0.35)) {
    const from = random.whole(0, nodes - 1);
    const at = random.whole(0, FAULT_PERIOD_MS);
    const type = random.pick(['slow', 'narrow'] as const);
    const to = (from + random.pick([1, nodes - 1])) % nodes;
    faults.push({ type, at, from, to, for: random.whole(200, 1_500) });
  }
  if (random.chance(0.15)) {
    const epoch = random.pick([2 ** 32 - 1, random.whole(1, 2 ** 32 - 1)]);
    faults.push({
      type: 'false-epoch',
      at: random.whole(0, FAULT_PERIOD_MS),
      node: random.whole(0, nodes - 1),
      epoch,
    });
  }
}

function messageOf(index: number, destination: number, stream: Stream): Message {
  return { number: index + 1, destination, stream, payload: Uint8Array.of(index) };
}

function fileOf(random: Random, nodes: number): Message[] {
  const stream = random.pick<Stream | undefined>([undefined, undefined, 0, 2]);
  return Array.from({ length: random.whole(0, 6) }, (_, index) =>
    messageOf(index, random.whole(0, nodes - 1), stream ?? (random.whole(0, 1) as Stream)),
  );
}

function faultOf(random: Random, nodes: number): Fault {
  const at = random.whole(0, FAULT_PERIOD_MS);
  const node = random.whole(0, nodes - 1);
  const other = (node + random.whole(1, nodes - 1)) % nodes;
  const time = random.whole(5, 600);
  const forGood = random.chance(0.25) ? {} : { for: time };
  switch (random.whole(0, 14)) {
    case 0:
    case 1:
      return { type: 'crash', at, node, silent: random.chance(0.3), ...forGood };
    case 2:
    case 3:
      return { type: 'crash-at-sync', at, node, for: time, after: random.chance(0.5) };
    case 4:
      return { type: 'stall', at, node, for: time };
    case 5:
    case 6:
      return { type: 'cut', at, from: node, to: (node + 1) % nodes, oneWay: random.chance(0.4), ...forGood };
    case 7: {
      const side = Array.from({ length: nodes }, (_, id) => id).filter(() => random.chance(0.5));
      return { type: 'partition', at, side, for: time + 300 };
    }
    case 8:
      return { type: 'drop', at, for: time };
    case 9:
      return { type: 'duplicate', at, for: time };
    case 10:
      return { type: 'second-token', at, node };
    case 11:
      return { type: 'reset', at, from: node, to: other };
    case 12:
      return random.chance(0.5)
        ? { type: 'jump', at, node, by: random.whole(50, 3000) }
        : { type: 'time-out', at, node, timer: random.pick(timers), key: other };
    case 13:
      return { type: 'impostor', at, node };
    default:
      return { type: 'leave', at, node, for: time + 100 };
  }
}
