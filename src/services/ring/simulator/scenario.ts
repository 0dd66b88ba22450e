import type { Message, TimerName } from '../protocol/event.ts';
import type { Stream } from '../protocol/frame.ts';
import { Random } from './random.ts';

/** What goes wrong, and when: milliseconds since the start. `for` is how long; without it, for good. */
export type Fault =
  /** The process dies. `silent`: its host does, so nobody is told. */
  | { type: 'crash'; at: number; node: number; for?: number; silent: boolean }
  /** The process dies at its next record: just before it is on disk, or just after. */
  | { type: 'crash-at-sync'; at: number; node: number; for: number; after: boolean }
  /** The process stands still. */
  | { type: 'stall'; at: number; node: number; for: number }
  /** Nothing passes between two nodes, or nothing from the first to the second. */
  | { type: 'cut'; at: number; from: number; to: number; oneWay: boolean; for?: number }
  /** Nothing passes between the nodes of the list and the others. */
  | { type: 'partition'; at: number; side: number[]; for: number }
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
  | { type: 'imposter'; at: number; node: number }
  /** The operator takes a node out, and starts it again. */
  | { type: 'leave'; at: number; node: number; for: number }
  /** A guest starts for the first time. */
  | { type: 'join'; at: number; node: number };

export type Scenario = {
  seed: number;
  nodes: number;
  window: number;
  pace: number;
  /** How many nodes may join that are in no configuration; their IDs follow those of the others. */
  guests: number;
  /** The messages of each node, the guests included. */
  files: Message[][];
  faults: Fault[];
  /** `undefined`: the ring drains at the end. A time: it is stopped then, without draining. */
  stopNow: boolean;
};

/** Everything goes wrong within so many milliseconds; after it nothing new does. */
const TROUBLE = 1200;

const timers: TimerName[] = ['dial', 'link', 'lack', 'token', 'gather', 'settle', 'claim', 'pace', 'exit'];

/** What the seed says. `withGuests`: in a third of all seeds nodes join that are in no configuration. */
export function scenarioOf(seed: number, withGuests = true): Scenario {
  const random = new Random(seed);
  const nodes = random.pick([2, 3, 3, 4, 4, 5, 5, 6]);
  const faults: Fault[] = [];
  const count = random.whole(0, 4);
  for (let made = 0; made < count; made++) faults.push(faultOf(random, nodes));
  const scenario: Scenario = {
    seed,
    nodes,
    window: random.pick([1, 1, 2, 4]),
    pace: random.pick([0, 15, 30, 30]),
    files: Array.from({ length: nodes }, () => fileOf(random, nodes)),
    faults,
    stopNow: random.chance(0.2),
    guests: 0,
  };
  if (withGuests && random.chance(0.35)) addGuests(scenario, random);
  faults.sort((one, other) => one.at - other.at);
  return scenario;
}

/** Guests that join at any time, and to whom something happens as well; everybody has messages for them. */
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
    faults.push({ type: 'join', at: random.whole(0, TROUBLE), node: id });
  }
  for (let count = random.whole(0, 3); count > 0; count--) {
    const fault = faultOf(random, places);
    // Of two guests with one ID neither is the rightful one.
    if (fault.type !== 'imposter' || fault.node < nodes) faults.push(fault);
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
  const at = random.whole(0, TROUBLE);
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
      return { type: 'imposter', at, node };
    default:
      return { type: 'leave', at, node, for: time + 100 };
  }
}
