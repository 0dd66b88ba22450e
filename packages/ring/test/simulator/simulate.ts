import { FrameType } from '../../src/protocol/frame.ts';
import { chooseShape } from '../../src/protocol/topology.ts';
import { CHECK_INTERVAL_MS, inject } from './faults.ts';
import { Invariants } from './invariants.ts';
import { type Process, Violation } from './process.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { Simulation } from './simulation.ts';

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

/** Within this time of the last fault there must be a ring, and within it again all messages have an outcome. */
const RECOVERY_BOUND_MS = 6000;

/** Runs what a seed says, or a scenario given. */
export function simulate(seed: number, scenario: Scenario = scenarioOf(seed)): Outcome {
  const invariants = new Invariants(scenario.nodes, scenario.window);
  const simulation = new Simulation(scenario, invariants);
  invariants.simulation = simulation;
  const run = new Run(scenario, simulation, invariants);
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
    steps: simulation.steps,
    duration: simulation.now,
    fingerprint: fingerprintOf(simulation),
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
  readonly #simulation: Simulation;
  readonly #invariants: Invariants;

  constructor(scenario: Scenario, simulation: Simulation, invariants: Invariants) {
    this.#scenario = scenario;
    this.#simulation = simulation;
    this.#invariants = invariants;
  }

  go(): void {
    const { nodes, faults, stopNow } = this.#scenario;
    const simulation = this.#simulation;
    simulation.changed = () => this.#updateIsolated();
    for (let id = 0; id < nodes; id++) simulation.at(0, () => void simulation.start(id));
    let over = 0;
    for (const fault of faults) {
      simulation.at(fault.at, () => inject(simulation, fault));
      over = Math.max(over, fault.at + ('for' in fault ? (fault.for ?? 0) : 0));
    }
    simulation.runUntil(over + 1);
    this.#updateIsolated();
    const possible = this.#ringIsPossible();
    this.#waitFor(possible ? () => this.#stands() : () => this.#isFrozen(), 'no ring stands');
    if (!possible) return;
    if (!stopNow) {
      this.#waitFor(() => this.#stands() && this.#allFinished(), 'messages have no outcome');
    }
    this.#stop(stopNow);
  }

  /** Looks again and again until it is so. */
  #waitFor(condition: () => boolean, otherwise: string): void {
    const simulation = this.#simulation;
    const end = simulation.now + RECOVERY_BOUND_MS;
    while (!condition()) {
      if (simulation.now >= end) {
        const states = simulation.processes
          .filter(({ running }) => running)
          .map(({ id, node }) => `${id} ${node.state}`);
        throw new Violation(`${otherwise} after ${RECOVERY_BOUND_MS} ms: ${states.join(', ')}`);
      }
      simulation.runUntil(simulation.now + CHECK_INTERVAL_MS);
    }
  }

  #running(): Process[] {
    return this.#simulation.processes.filter(({ running, impostor }) => running && !impostor);
  }

  #linked(one: number, other: number): boolean {
    return !this.#simulation.network.isCut(one, other) && !this.#simulation.network.isCut(other, one);
  }

  /** Whether some node can reach a majority that stands in a ring. */
  #ringIsPossible(): boolean {
    const ids = this.#running()
      .map(({ id }) => id)
      .sort((one, other) => one - other);
    return ids.some((claimant) => {
      const { nodes } = this.#scenario;
      const weight = (id: number) => (id < nodes ? this.#simulation.places : 1);
      const shape = chooseShape(ids, claimant, (one, other) => this.#linked(one, other), weight);
      const configured = shape?.members.filter((id) => id < nodes).length ?? 0;
      return claimant < nodes && configured > nodes / 2;
    });
  }

  /** One view with a majority, all of its members in it, and one token for each lane. Without cuts, all nodes are in it. */
  #stands(): boolean {
    const running = this.#running();
    const epoch = Math.max(...running.map(({ node }) => (node.state === 'ring' ? node.promised : 0)));
    const inside = running.filter(({ node }) => node.state === 'ring' && node.promised === epoch);
    const view = inside[0]?.node.view;
    if (view === undefined || view.members.length !== inside.length) return false;
    const complete = running.every((one) =>
      running.every((other) => one === other || this.#linked(one.id, other.id)),
    );
    if (complete && (inside.length !== running.length || view.wrapped)) return false;
    const lanes = view.wrapped ? [0] : [0, 1];
    return lanes.every((lane) => this.#tokens(inside, epoch, lane) === 1);
  }

  /** Tokens held, and unacknowledged tokens that the next node has not received. */
  #tokens(inside: Process[], epoch: number, lane: number): number {
    let count = 0;
    for (const { id, node } of inside) {
      if (node.lanes[lane]?.held) count++;
      for (const peer of node.peers.values()) {
        const next = inside.find((other) => other.id === peer.id)?.node.peers.get(id);
        for (const frame of peer.unacknowledged) {
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
    return this.#running().every(({ node }) => node.state !== 'ring');
  }

  #allFinished(): boolean {
    return this.#running().every(
      ({ node }) => node.state !== 'ring' || (node.queue.length === 0 && node.endOfFile),
    );
  }

  /** The end: through node 0, or a deputy. All nodes of its view that can be reached exit with 0. */
  #stop(now: boolean): void {
    const inside = this.#running().filter(({ node }) => node.state === 'ring');
    const coordinator = inside.toSorted((one, other) => one.id - other.id)[0];
    if (coordinator === undefined) return;
    this.#simulation.dispatch(coordinator, { type: 'stop', at: 0, now });
    const { node } = coordinator;
    // A guest that no other knows yet passes nothing on.
    const reached = this.#reachableFrom(coordinator.id, (from, to) => from.node.peers.has(to.id));
    const members = () =>
      this.#simulation.processes.filter(
        (process) =>
          reached.has(process.id) &&
          node.view?.members.some(
            ({ id, instance }) => id === process.id && instance === process.node.instance,
          ),
      );
    this.#waitFor(() => members().every(({ running }) => !running), 'the ring has not ended');
    for (const { id, ended } of members()) {
      if (ended?.status !== 0) throw new Violation(`node ${id} ends with ${ended?.reason ?? 'no word'}`);
    }
  }

  /** The nodes that a node can reach, over others if need be; `knows`: whether one would try another. */
  #reachableFrom(id: number, knows: (from: Process, to: Process) => boolean = () => true): Set<number> {
    const running = this.#running();
    const reached = new Set([id]);
    for (const place of reached) {
      const from = running.find((process) => process.id === place);
      for (const to of running) {
        if (from !== undefined && this.#linked(place, to.id) && knows(from, to)) reached.add(to.id);
      }
    }
    return reached;
  }

  /** Notes which nodes have a majority within reach. */
  #updateIsolated(): void {
    const running = this.#running();
    for (const { id } of running) {
      const configured = [...this.#reachableFrom(id)].filter((each) => each < this.#scenario.nodes).length;
      const isolated = configured <= this.#scenario.nodes / 2;
      if (!isolated) this.#invariants.isolatedSince.delete(id);
      else if (!this.#invariants.isolatedSince.has(id))
        this.#invariants.isolatedSince.set(id, this.#simulation.now);
    }
  }
}

function fingerprintOf(simulation: Simulation): number {
  let sum = simulation.steps;
  for (const { process, at, report } of simulation.reports) {
    const text = `${process.id} ${at} ${JSON.stringify(report)}`;
    for (let index = 0; index < text.length; index++) sum = (Math.imul(sum, 31) + text.charCodeAt(index)) | 0;
  }
  return sum >>> 0;
}
