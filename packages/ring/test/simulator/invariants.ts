import type { Effect } from '../../src/protocol/effect.ts';
import type { NodeEvent } from '../../src/protocol/event.ts';
import { BROADCAST, type Frame, FrameType, newer } from '../../src/protocol/frame.ts';
import { type Process, Violation } from './process.ts';
import type { Observer, Simulation } from './simulation.ts';

/** How long a side may go on before it knows that it is the smaller one. Milliseconds. */
const DETECTION_MS = 900;

/** What must hold at every step of every node. */
export class Invariants implements Observer {
  simulation: Simulation | undefined;
  /** How many nodes are configured. Guests have higher IDs. */
  readonly #nodes: number;
  readonly #window: number;
  /** Since when a node has had no majority within reach; absent: it has one. */
  readonly isolatedSince = new Map<number, number>();
  #promised = 0;
  #tokens = 0;

  constructor(nodes: number, window: number) {
    this.#nodes = nodes;
    this.#window = window;
  }

  before(process: Process): void {
    this.#promised = process.node.promised;
    this.#tokens = process.node.counts.tokens;
  }

  after(process: Process, event: NodeEvent, effects: readonly Effect[]): void {
    const { node } = process;
    if (newer(this.#promised, node.promised)) {
      this.#fail(process, `an epoch goes back from ${this.#promised} to ${node.promised}`);
    }
    if (event.type === 'frame') this.#noOlderEpoch(process, event.frame, effects);
    for (const lane of node.lanes) {
      if (lane.inFlight.length > this.#window)
        this.#fail(process, `${lane.inFlight.length} messages in flight`);
      if (lane.held) this.#oneTransmitter(process, lane.direction);
    }
    for (const effect of effects) {
      if (effect.type === 'send') this.#sent(process, effect.frame);
      else if (effect.type === 'append' && effect.record.type === 'finished') {
        const { message, outcome } = effect.record;
        if (outcome === 'done') this.#isLogged(process, message);
        else if (outcome === 'undeliverable') this.#isNowhere(process, message);
      }
    }
  }

  #noOlderEpoch(process: Process, frame: Frame, effects: readonly Effect[]): void {
    if (frame.type !== FrameType.TOKEN && frame.type !== FrameType.DATA) return;
    if (!newer(this.#promised, frame.epoch)) return;
    const acted =
      process.node.counts.tokens !== this.#tokens ||
      effects.some(
        (effect) =>
          effect.type === 'append' ||
          (effect.type === 'send' &&
            (effect.frame.type === FrameType.TOKEN || effect.frame.type === FrameType.DATA)),
      );
    if (acted) this.#fail(process, `a frame of epoch ${frame.epoch} is accepted after ${this.#promised}`);
  }

  /**
   * No other node holds this token; and a node that holds one of another epoch is no member of the newer view: its members have
   * all been purged before the new token was made.
   */
  #oneTransmitter(process: Process, direction: 0 | 1): void {
    const mine = process.node.view;
    const configured = mine?.members.filter(({ id }) => id < this.#nodes).length ?? 0;
    if (mine === undefined || configured <= this.#nodes / 2) {
      this.#fail(process, 'a minority holds a token');
      return;
    }
    for (const other of this.simulation?.processes ?? []) {
      const theirs = other.node.view;
      if (other === process || !other.running || theirs === undefined) continue;
      if (!other.node.lanes[direction].held) continue;
      const later = newer(theirs.epoch, mine.epoch) ? theirs : mine;
      const older = later === mine ? other : process;
      const member = later.members.some(
        ({ id, instance }) => id === older.id && instance === older.node.instance,
      );
      if (member) this.#fail(process, `nodes ${process.id} and ${other.id} both hold token ${direction}`);
    }
  }

  #sent(process: Process, frame: Frame): void {
    if (frame.hops > 2 * (this.simulation?.places ?? 0))
      this.#fail(process, `a frame goes over ${frame.hops} links`);
    if (frame.type !== FrameType.DATA || frame.source !== process.id || frame.hops !== 1) return;
    const since = this.isolatedSince.get(process.id);
    const now = this.simulation?.now ?? 0;
    if (since !== undefined && now - since > DETECTION_MS && process.stalledUntil < now - DETECTION_MS) {
      this.#fail(process, 'a minority transmits');
    }
  }

  #isLogged(process: Process, message: number): void {
    for (const destination of this.#destinationsOf(process, message)) {
      const disk = this.simulation?.disks[destination];
      if (disk?.holds(process.id, process.disk.incarnation, message) !== true) {
        this.#fail(process, `message ${message} is called done, and is not in the log of ${destination}`);
      }
    }
  }

  #isNowhere(process: Process, message: number): void {
    for (const destination of this.#destinationsOf(process, message)) {
      const disk = this.simulation?.disks[destination];
      if (disk?.knows(process.id, process.disk.incarnation, message) === true) {
        this.#fail(process, `message ${message} is called undeliverable, and node ${destination} has it`);
      }
    }
  }

  /** The nodes that must have a message: of a broadcast the configured ones at least. */
  #destinationsOf(process: Process, number: number): number[] {
    const message = process.disk.file.find((each) => each.number === number);
    if (message?.stream !== BROADCAST) return [message?.destination ?? -1];
    return Array.from({ length: this.#nodes }, (_, id) => id).filter((id) => id !== process.id);
  }

  #fail(process: Process, what: string): void {
    throw new Violation(`node ${process.id}, at ${this.simulation?.now.toFixed(1)} ms: ${what}`);
  }
}
