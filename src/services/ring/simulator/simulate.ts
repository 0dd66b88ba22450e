import { sendTo } from '../protocol/custody.ts';
import { FrameType } from '../protocol/frame.ts';
import { chooseShape } from '../protocol/topology.ts';
import { Invariants } from './invariants.ts';
import { type Fault, type Scenario, scenarioOf } from './scenario.ts';
import { Violation } from './violation.ts';
import { type Process, World } from './world.ts';

export type Outcome = {
  seed: number;
  scenario: Scenario;
  /** What did not hold; undefined when all did. */
  violation: string | undefined;
  steps: number;
  /** Milliseconds of virtual time. */
  duration: number;
  /** A number made from everything that the nodes reported, in order: the same history, the same number. */
  fingerprint: number;
};

/** Within so many virtual milliseconds of the last fault a ring must stand, and of that all messages have an outcome. */
const BOUND = 6000;
const GLANCE = 25;

/** Runs what a seed says, or a scenario given. */
export function simulate(seed: number, scenario: Scenario = scenarioOf(seed)): Outcome {
  const invariants = new Invariants(scenario.nodes, scenario.window);
  const world = new World(scenario, invariants);
  invariants.world = world;
  const run = new Run(scenario, world, invariants);
  let violation: string | undefined;
  try {
    run.go();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  return {
    seed,
    scenario,
    violation,
    steps: world.steps,
    duration: world.now,
    fingerprint: fingerprintOf(world),
  };
}

/** Leaves out one fault after the other, and then messages, as long as it still fails. */
export function shrink(outcome: Outcome): Outcome {
  let smallest = outcome;
  const attempt = (scenario: Scenario): boolean => {
    const other = simulate(outcome.seed, scenario);
    if (other.violation === undefined) return false;
    smallest = other;
    return true;
  };
  for (let again = true; again; ) {
    again = false;
    for (let index = smallest.scenario.faults.length - 1; index >= 0; index--) {
      const faults = smallest.scenario.faults.toSpliced(index, 1);
      again = attempt({ ...smallest.scenario, faults }) || again;
    }
    for (let node = 0; node < smallest.scenario.nodes; node++) {
      const files = smallest.scenario.files.with(node, []);
      if (smallest.scenario.files[node]?.length !== 0)
        again = attempt({ ...smallest.scenario, files }) || again;
    }
  }
  return smallest;
}

class Run {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #invariants: Invariants;

  constructor(scenario: Scenario, world: World, invariants: Invariants) {
    this.#scenario = scenario;
    this.#world = world;
    this.#invariants = invariants;
  }

  go(): void {
    const { nodes, faults, stopNow } = this.#scenario;
    const world = this.#world;
    world.changed = () => this.#recount();
    for (let id = 0; id < nodes; id++) world.at(0, () => void world.start(id));
    let over = 0;
    for (const fault of faults) {
      world.at(fault.at, () => this.#inflict(fault));
      over = Math.max(over, fault.at + ('for' in fault ? (fault.for ?? 0) : 0));
    }
    world.runUntil(over + 1);
    this.#recount();
    const possible = this.#ringIsPossible();
    this.#await(possible ? () => this.#stands() : () => this.#isFrozen(), 'no ring stands');
    if (!possible) return;
    if (!stopNow) {
      this.#await(() => this.#stands() && this.#allFinished(), 'messages have no outcome');
    }
    this.#stop(stopNow);
  }

  /** Looks again and again until it is so. */
  #await(condition: () => boolean, otherwise: string): void {
    const world = this.#world;
    const end = world.now + BOUND;
    while (!condition()) {
      if (world.now >= end) {
        const states = world.processes
          .filter(({ running }) => running)
          .map(({ id, node }) => `${id} ${node.state}`);
        throw new Violation(`${otherwise} after ${BOUND} ms: ${states.join(', ')}`);
      }
      world.runUntil(world.now + GLANCE);
    }
  }

  #living(): Process[] {
    return this.#world.processes.filter(({ running, imposter }) => running && !imposter);
  }

  #linked(one: number, other: number): boolean {
    return !this.#world.isCut(one, other) && !this.#world.isCut(other, one);
  }

  /** Whether some node can reach a majority that stands in a ring. */
  #ringIsPossible(): boolean {
    const ids = this.#living()
      .map(({ id }) => id)
      .sort((one, other) => one - other);
    return ids.some((claimant) => {
      const { nodes } = this.#scenario;
      const weight = (id: number) => (id < nodes ? this.#world.places : 1);
      const shape = chooseShape(ids, claimant, (one, other) => this.#linked(one, other), weight);
      const configured = shape?.members.filter((id) => id < nodes).length ?? 0;
      return claimant < nodes && configured > nodes / 2;
    });
  }

  /** One view with a majority, all of its members in it, and one token for each lane. Without cuts, everybody is in it. */
  #stands(): boolean {
    const living = this.#living();
    const epoch = Math.max(...living.map(({ node }) => (node.state === 'ring' ? node.promised : 0)));
    const inside = living.filter(({ node }) => node.state === 'ring' && node.promised === epoch);
    const view = inside[0]?.node.view;
    if (view === undefined || view.members.length !== inside.length) return false;
    const whole = living.every((one) =>
      living.every((other) => one === other || this.#linked(one.id, other.id)),
    );
    if (whole && (inside.length !== living.length || view.wrapped)) return false;
    const lanes = view.wrapped ? [0] : [0, 1];
    return lanes.every((lane) => this.#tokens(inside, epoch, lane) === 1);
  }

  /** Tokens held, and tokens in custody that the next node has not received. */
  #tokens(inside: Process[], epoch: number, lane: number): number {
    let count = 0;
    for (const { id, node } of inside) {
      if (node.lanes[lane]?.held) count++;
      for (const peer of node.peers.values()) {
        const next = inside.find((other) => other.id === peer.id)?.node.peers.get(id);
        for (const frame of peer.custody) {
          if (frame.type !== FrameType.TOKEN || frame.epoch !== epoch) continue;
          if (!node.view?.wrapped && (frame.flags & 1) !== lane) continue;
          if (next === undefined || next.inInstance !== node.instance || frame.linkNumber > next.received)
            count++;
        }
      }
    }
    return count;
  }

  #isFrozen(): boolean {
    return this.#living().every(({ node }) => node.state !== 'ring');
  }

  #allFinished(): boolean {
    return this.#living().every(
      ({ node }) => node.state !== 'ring' || (node.queue.length === 0 && node.endOfFile),
    );
  }

  /** The end: through node 0, or a deputy. Everybody in its view exits with 0, whoever can be told. */
  #stop(now: boolean): void {
    const inside = this.#living().filter(({ node }) => node.state === 'ring');
    const coordinator = inside.toSorted((one, other) => one.id - other.id)[0];
    if (coordinator === undefined) return;
    this.#world.tell(coordinator, { type: 'stop', at: 0, now });
    const { node } = coordinator;
    // A guest that nobody has heard of yet hands nothing on.
    const reached = this.#within(coordinator.id, (from, to) => from.node.peers.has(to.id));
    const members = () =>
      this.#world.processes.filter(
        (process) =>
          reached.has(process.id) &&
          node.view?.members.some(
            ({ id, instance }) => id === process.id && instance === process.node.instance,
          ),
      );
    this.#await(() => members().every(({ running }) => !running), 'the ring has not ended');
    for (const { id, ended } of members()) {
      if (ended?.status !== 0) throw new Violation(`node ${id} ends with ${ended?.reason ?? 'no word'}`);
    }
  }

  #inflict(fault: Fault): void {
    const world = this.#world;
    const victim = 'node' in fault ? world.listening[fault.node] : undefined;
    const lasting = 'for' in fault && fault.for !== undefined ? fault.for : undefined;
    const after = (undo: () => void) => {
      if (lasting === undefined) return;
      world.at(world.now + lasting, () => {
        undo();
        this.#recount();
      });
    };
    switch (fault.type) {
      case 'crash':
        if (victim === undefined) break;
        world.crash(victim, fault.silent);
        after(() => world.restart(fault.node));
        break;
      case 'crash-at-sync':
        if (victim !== undefined) victim.crashAtRecord = { restartAfter: fault.for, afterSync: fault.after };
        after(() => {
          if (victim !== undefined) victim.crashAtRecord = undefined;
        });
        break;
      case 'stall':
        if (victim !== undefined) world.stall(victim, fault.for);
        break;
      case 'cut': {
        const { from, to, oneWay } = fault;
        const change = (by: 1 | -1) => {
          world.cut(from, to, by);
          if (!oneWay) world.cut(to, from, by);
        };
        change(1);
        after(() => change(-1));
        break;
      }
      case 'partition': {
        const change = (by: 1 | -1) => {
          for (let from = 0; from < world.places; from++) {
            for (let to = 0; to < world.places; to++) {
              if (fault.side.includes(from) !== fault.side.includes(to)) world.cut(from, to, by);
            }
          }
        };
        change(1);
        after(() => change(-1));
        break;
      }
      case 'drop':
        world.dropping++;
        after(() => void world.dropping--);
        break;
      case 'duplicate':
        world.duplicating++;
        after(() => void world.duplicating--);
        break;
      case 'second-token':
        this.#secondToken(victim);
        break;
      case 'reset':
        world.reset(fault.from, fault.to);
        break;
      case 'jump':
        if (victim !== undefined) this.#jump(victim, fault.by);
        break;
      case 'time-out':
        if (victim !== undefined) {
          world.tell(victim, { type: 'timer', at: 0, timer: fault.timer, key: fault.key });
        }
        break;
      case 'imposter':
        if (victim !== undefined) world.start(fault.node, true);
        break;
      case 'join':
        world.start(fault.node);
        break;
      case 'leave':
        if (victim === undefined) break;
        world.tell(victim, { type: 'leave', at: 0 });
        after(() => this.#restartWhenGone(victim));
        break;
    }
    this.#recount();
  }

  /** The operator waits until the process has ended, and starts it again. */
  #restartWhenGone(process: Process): void {
    if (!process.running) this.#world.restart(process.id);
    else this.#world.at(this.#world.now + GLANCE, () => this.#restartWhenGone(process));
  }

  /** The neighbour that the last token came from sends it again, as a new frame. */
  #secondToken(victim: Process | undefined): void {
    const last = victim?.lastToken;
    if (victim === undefined || last === undefined) return;
    const from = victim.node.links.get(last.link)?.id;
    const sender = this.#world.processes.find(({ id, running }) => id === from && running);
    const peer = sender?.node.peers.get(victim.id);
    if (sender === undefined || peer === undefined) return;
    this.#world.force(sender, (node) => void sendTo(node, peer, { ...last.frame }));
  }

  #jump(victim: Process, by: number): void {
    victim.ahead += by;
    for (const name of [...victim.timers.keys()]) {
      if (!victim.timers.delete(name)) continue;
      const [timer, key] = name.split(':');
      const event = { type: 'timer', at: 0, timer, key: Number(key) } as Parameters<World['tell']>[1];
      this.#world.tell(victim, event);
    }
  }

  /** The nodes that a node can reach, over others if need be; `knows`: whether one would try another. */
  #within(id: number, knows: (from: Process, to: Process) => boolean = () => true): Set<number> {
    const living = this.#living();
    const reached = new Set([id]);
    for (const place of reached) {
      const from = living.find((process) => process.id === place);
      for (const to of living) {
        if (from !== undefined && this.#linked(place, to.id) && knows(from, to)) reached.add(to.id);
      }
    }
    return reached;
  }

  /** Notes which nodes have a majority within reach. */
  #recount(): void {
    const living = this.#living();
    for (const { id } of living) {
      const configured = [...this.#within(id)].filter((each) => each < this.#scenario.nodes).length;
      const alone = configured <= this.#scenario.nodes / 2;
      if (!alone) this.#invariants.aloneSince.delete(id);
      else if (!this.#invariants.aloneSince.has(id)) this.#invariants.aloneSince.set(id, this.#world.now);
    }
  }
}

function fingerprintOf(world: World): number {
  let sum = world.steps;
  for (const { process, at, report } of world.reports) {
    const text = `${process.id} ${at} ${JSON.stringify(report)}`;
    for (let index = 0; index < text.length; index++) sum = (Math.imul(sum, 31) + text.charCodeAt(index)) | 0;
  }
  return sum >>> 0;
}
