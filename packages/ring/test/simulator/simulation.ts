import type { DurableRecord, Effect, Report } from '../../src/protocol/effect.ts';
import type { Message, NodeEvent, TimerName } from '../../src/protocol/event.ts';
import { FrameType } from '../../src/protocol/frame.ts';
import type { Timing } from '../../src/protocol/options.ts';
import { createNode, type NodeState } from '../../src/protocol/state.ts';
import { step } from '../../src/protocol/step.ts';
import { Disk } from './disk.ts';
import { EventQueue } from './event-queue.ts';
import { Network } from './network.ts';
import { type Process, type QueuedEvent, Violation } from './process.ts';
import { Random } from './random.ts';

/** Called at every step of every node, with what was before and what came of it. */
export type Observer = {
  before(process: Process, event: NodeEvent): void;
  after(process: Process, event: NodeEvent, effects: readonly Effect[]): void;
};

/** The times of the simulated nodes: short, so that little happens while nothing happens. */
export const timing: Partial<Timing> = {
  connectFirstMs: 20,
  connectLastMs: 160,
  resendMs: 50,
  deadMs: 150,
  proveMs: 80,
  ackMs: 10,
  settleMs: 60,
  gatherMs: 140,
  lossMs: 250,
  retryMs: 120,
  againMs: 10,
  giveUpMs: 500,
  duplicateMs: 800,
  exitMs: 150,
};

const READ_LATENCY_MS = 1;
/** Processes, their disks and the network between them, under a virtual clock. The same calls make the same history. */
export class Simulation {
  readonly random: Random;
  readonly processes: Process[] = [];
  readonly disks: Disk[];
  /** The process that answers at each node's address. */
  readonly listening: (Process | undefined)[];
  now = 0;
  steps = 0;
  /** Called when a process has started or is gone. */
  changed: () => void = () => {};
  /** How many nodes there can be: the configured ones and, behind them, the guests. */
  readonly places: number;
  readonly network: Network;
  readonly queue = new EventQueue<QueuedEvent>();
  readonly #options: { nodes: number; window: number; paceMs: number };
  readonly #observer: Observer;
  readonly reports: { process: Process; at: number; report: Report }[] = [];

  constructor(
    options: { seed: number; nodes: number; window: number; paceMs: number; files: Message[][] },
    observer: Observer,
  ) {
    this.random = new Random(options.seed ^ 0x5eed);
    this.#options = options;
    this.#observer = observer;
    this.disks = options.files.map((file) => new Disk(this.random.whole(1, 2 ** 31), file));
    this.listening = options.files.map(() => undefined);
    this.places = options.files.length;
    this.network = new Network(this);
  }

  at(time: number, happen: () => void): void {
    this.queue.put(time, { process: undefined, happen });
  }

  /** Lets everything happen up to a time. */
  runUntil(time: number): void {
    while (this.queue.nextAt <= time) {
      const entry = this.queue.take();
      if (entry === undefined) break;
      this.now = entry.at;
      const { process } = entry.item;
      if (process !== undefined && process.stalledUntil > this.now) process.inbox.push(entry.item);
      else entry.item.happen();
    }
    this.now = time;
  }

  /** Starts a node; one whose ID is not below the number of configured nodes is a guest. */
  start(id: number, impostor = false): Process {
    const { nodes, window, paceMs } = this.#options;
    const ids = Array.from({ length: nodes }, (_, index) => index);
    const disk = impostor ? new Disk(this.random.whole(1, 2 ** 31), []) : (this.disks[id] as Disk);
    const node = createNode({
      id,
      ring: ids,
      address: id < nodes ? undefined : { host: 'guest', port: id },
      fingerprint: 7,
      window,
      deputies: ids.slice(1),
      timing: { ...timing, paceMs },
    });
    const process: Process = {
      id,
      node,
      disk,
      impostor,
      running: true,
      ended: undefined,
      stalledUntil: 0,
      inbox: [],
      ahead: 0,
      connections: new Map(),
      timers: new Map(),
      nextAccepted: 1,
      nextLine: 0,
      crashAtRecord: undefined,
      lastToken: undefined,
    };
    this.processes.push(process);
    if (!impostor) this.listening[id] = process;
    const recovered = disk.recover();
    process.nextLine = disk.file.findIndex(({ number }) => number > recovered.finishedThrough);
    if (process.nextLine < 0) process.nextLine = disk.file.length;
    this.changed();
    this.dispatch(process, { type: 'start', at: 0, instance: this.random.whole(1, 2 ** 31), recovered });
    return process;
  }

  /** Ends a process without its doing. */
  crash(process: Process, silent: boolean): void {
    if (!process.running) return;
    this.#end(process, silent);
    process.disk.crash(this.random);
  }

  stall(process: Process, time: number): void {
    process.stalledUntil = Math.max(process.stalledUntil, this.now + time);
    this.at(process.stalledUntil, () => {
      if (process.stalledUntil > this.now) return;
      const inbox = process.inbox;
      process.inbox = [];
      for (const event of inbox) event.happen();
    });
  }

  /** An event of a process, so many milliseconds from now. */
  schedule(process: Process, afterMs: number, event: NodeEvent): void {
    this.queue.put(this.now + afterMs, { process, happen: () => this.dispatch(process, event) });
  }

  /** One step of a process, and what it asks for. */
  dispatch(process: Process, event: NodeEvent): void {
    if (!process.running) return;
    this.steps++;
    event.at = this.now + process.ahead;
    if (event.type === 'frame' && event.frame.type === FrameType.TOKEN) {
      process.lastToken = { link: event.link, frame: event.frame };
    }
    this.#observer.before(process, event);
    const effects = step(process.node, event);
    this.#observer.after(process, event, effects);
    for (const effect of effects) {
      if (process.running) this.#carryOut(process, effect);
    }
  }

  /** Makes a node do what it would not do by itself. */
  force(process: Process, action: (node: NodeState) => void): void {
    process.node.effects = [];
    action(process.node);
    for (const effect of process.node.effects) this.#carryOut(process, effect);
  }

  #carryOut(process: Process, effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.network.send(process, effect.link, effect.frame);
        break;
      case 'connect':
        this.network.connect(process, effect.link, effect.address?.port ?? effect.peer);
        break;
      case 'close':
        this.network.close(process, effect.link, false);
        break;
      case 'set-timer':
        this.#setTimer(process, effect.timer, effect.key, effect.afterMs);
        break;
      case 'clear-timer':
        process.timers.delete(`${effect.timer}:${effect.key}`);
        break;
      case 'append':
        this.#append(process, effect.id, effect.record);
        break;
      case 'read':
        this.#read(process, effect.count);
        break;
      case 'report':
        this.reports.push({ process, at: this.now, report: effect.report });
        break;
      case 'exit': {
        const { status, reason, summary } = effect;
        process.ended = { status, reason, summary };
        this.#end(process, false);
        process.disk.durable = process.disk.records.length;
        break;
      }
    }
  }

  #setTimer(process: Process, timer: TimerName, key: number, after: number): void {
    const name = `${timer}:${key}`;
    const due = this.now + after;
    process.timers.set(name, due);
    this.queue.put(due, {
      process,
      happen: () => {
        if (process.timers.get(name) !== due) return;
        process.timers.delete(name);
        this.dispatch(process, { type: 'timer', at: 0, timer, key });
      },
    });
  }

  #append(process: Process, id: number, record: DurableRecord): void {
    const { disk, crashAtRecord } = process;
    const wrong = disk.append(record);
    if (wrong !== undefined) throw new Violation(`node ${process.id}: ${wrong}`);
    if (id === 0) return;
    const through = disk.records.length;
    if (crashAtRecord !== undefined) {
      process.crashAtRecord = undefined;
      if (crashAtRecord.afterSync) disk.durable = through;
      this.crash(process, false);
      this.at(this.now + crashAtRecord.restartAfter, () => this.restart(process.id));
      return;
    }
    this.queue.put(this.now + 0.5 + 4 * this.random.next(), {
      process,
      happen: () => {
        if (!process.running) return;
        disk.durable = Math.max(disk.durable, through);
        this.dispatch(process, { type: 'synced', at: 0, id });
      },
    });
  }

  restart(id: number): void {
    if (this.listening[id]?.running !== true) this.start(id);
  }

  #read(process: Process, count: number): void {
    const { file } = process.disk;
    const messages = file.slice(process.nextLine, process.nextLine + count);
    process.nextLine += messages.length;
    const end = process.nextLine >= file.length;
    this.schedule(process, READ_LATENCY_MS, { type: 'messages', at: 0, messages, end });
  }

  #end(process: Process, silent: boolean): void {
    process.running = false;
    for (const link of [...process.connections.keys()]) this.network.close(process, link, silent);
    process.timers.clear();
    if (this.listening[process.id] === process) this.listening[process.id] = undefined;
    this.changed();
  }
}
