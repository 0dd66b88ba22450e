import type { DurableRecord, Effect, Report, Summary } from '../protocol/effect.ts';
import type { Message, NodeEvent, TimerName } from '../protocol/event.ts';
import { type Frame, FrameType } from '../protocol/frame.ts';
import type { Timing } from '../protocol/options.ts';
import { createNode, type NodeState } from '../protocol/state.ts';
import { step } from '../protocol/step.ts';
import { Agenda } from './agenda.ts';
import { Disk } from './disk.ts';
import { Random } from './random.ts';
import { Violation } from './violation.ts';

/** A process that runs a node. A restarted node is another process on the same disk. */
export type Process = {
  readonly id: number;
  readonly node: NodeState;
  readonly disk: Disk;
  readonly imposter: boolean;
  running: boolean;
  ended: { status: number; reason: string; summary: Summary } | undefined;
  stalledUntil: number;
  inbox: Occasion[];
  /** How far its clock is ahead. */
  ahead: number;
  readonly connections: Map<number, Connection>;
  readonly timers: Map<string, number>;
  nextAccepted: number;
  nextLine: number;
  crashAtRecord: { restartAfter: number; afterSync: boolean } | undefined;
  lastToken: { link: number; frame: Frame } | undefined;
};

type End = { process: Process; link: number; lastAt: number };
type Connection = { dialler: End; acceptor: End; open: boolean };

/** Something that happens to a process, or to the world when there is none. */
type Occasion = { process: Process | undefined; happen: () => void };

/** Called at every step of every node, with what was before and what came of it. */
export type Observer = {
  before(process: Process, event: NodeEvent): void;
  after(process: Process, event: NodeEvent, effects: readonly Effect[]): void;
};

/** The times of the simulated nodes: short, so that little happens while nothing happens. */
export const timing: Partial<Timing> = {
  dialFirst: 20,
  dialLast: 160,
  resend: 50,
  dead: 150,
  prove: 80,
  lack: 10,
  settle: 60,
  gather: 140,
  loss: 250,
  retry: 120,
  again: 10,
  giveUp: 1200,
  duplicate: 800,
  exit: 150,
};

const READ_LATENCY = 1;

/** Processes, their disks and the network between them, under a virtual clock. The same calls make the same history. */
export class World {
  readonly random: Random;
  readonly processes: Process[] = [];
  readonly disks: Disk[];
  /** The process that answers at each node's address. */
  readonly listening: (Process | undefined)[];
  now = 0;
  steps = 0;
  dropping = 0;
  duplicating = 0;
  /** Called when a process has started or is gone. */
  changed: () => void = () => {};
  /** Counts of the cuts in force, `from * places + to`. */
  readonly #cuts: number[];
  /** How many nodes there can be: the configured ones and, behind them, the guests. */
  readonly places: number;
  readonly #agenda = new Agenda<Occasion>();
  readonly #options: { nodes: number; window: number; pace: number };
  readonly #observer: Observer;
  readonly reports: { process: Process; at: number; report: Report }[] = [];

  constructor(
    options: { seed: number; nodes: number; window: number; pace: number; files: Message[][] },
    observer: Observer,
  ) {
    this.random = new Random(options.seed ^ 0x5eed);
    this.#options = options;
    this.#observer = observer;
    this.disks = options.files.map((file) => new Disk(this.random.whole(1, 2 ** 31), file));
    this.listening = options.files.map(() => undefined);
    this.places = options.files.length;
    this.#cuts = new Array(this.places ** 2).fill(0);
  }

  at(time: number, happen: () => void): void {
    this.#agenda.put(time, { process: undefined, happen });
  }

  /** Lets everything happen up to a time. */
  runUntil(time: number): void {
    while (this.#agenda.nextAt <= time) {
      const entry = this.#agenda.take();
      if (entry === undefined) break;
      this.now = entry.at;
      const { process } = entry.item;
      if (process !== undefined && process.stalledUntil > this.now) process.inbox.push(entry.item);
      else entry.item.happen();
    }
    this.now = time;
  }

  /** Starts a node; one whose ID is not below the number of configured nodes is a guest. */
  start(id: number, imposter = false): Process {
    const { nodes, window, pace } = this.#options;
    const ids = Array.from({ length: nodes }, (_, index) => index);
    const disk = imposter ? new Disk(this.random.whole(1, 2 ** 31), []) : (this.disks[id] as Disk);
    const node = createNode({
      id,
      ring: ids,
      address: id < nodes ? undefined : { host: 'guest', port: id },
      fingerprint: 7,
      window,
      deputies: ids.slice(1),
      timing: { ...timing, pace },
    });
    const process: Process = {
      id,
      node,
      disk,
      imposter,
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
    if (!imposter) this.listening[id] = process;
    const recovered = disk.recover();
    process.nextLine = disk.file.findIndex(({ number }) => number > recovered.finishedThrough);
    if (process.nextLine < 0) process.nextLine = disk.file.length;
    this.changed();
    this.tell(process, { type: 'start', at: 0, instance: this.random.whole(1, 2 ** 31), recovered });
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
      for (const occasion of inbox) occasion.happen();
    });
  }

  cut(from: number, to: number, by: 1 | -1): void {
    const place = from * this.places + to;
    this.#cuts[place] = (this.#cuts[place] ?? 0) + by;
  }

  isCut(from: number, to: number): boolean {
    return (this.#cuts[from * this.places + to] ?? 0) > 0;
  }

  /** Breaks every connection between two nodes. */
  reset(from: number, to: number): void {
    for (const process of this.processes) {
      if (process.id !== from) continue;
      for (const connection of [...process.connections.values()]) {
        const { dialler, acceptor } = connection;
        const other = dialler.process === process ? acceptor : dialler;
        if (other.process.id !== to) continue;
        this.#forget(connection);
        this.#later(dialler.process, this.#latency(), {
          type: 'closed',
          at: 0,
          link: dialler.link,
          refused: false,
        });
        this.#later(acceptor.process, this.#latency(), {
          type: 'closed',
          at: 0,
          link: acceptor.link,
          refused: false,
        });
      }
    }
  }

  /** One step of a process, and what it asks for. */
  tell(process: Process, event: NodeEvent): void {
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
  force(process: Process, deed: (node: NodeState) => void): void {
    process.node.effects = [];
    deed(process.node);
    for (const effect of process.node.effects) this.#carryOut(process, effect);
  }

  #carryOut(process: Process, effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.#send(process, effect.link, effect.frame);
        break;
      case 'dial':
        this.#dial(process, effect.link, effect.address?.port ?? effect.peer);
        break;
      case 'close':
        this.#close(process, effect.link, false);
        break;
      case 'set-timer':
        this.#setTimer(process, effect.timer, effect.key, effect.after);
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

  #latency(): number {
    return 0.5 + 6 * this.random.next() ** 2;
  }

  #later(process: Process, after: number, event: NodeEvent): void {
    this.#agenda.put(this.now + after, { process, happen: () => this.tell(process, event) });
  }

  #dial(process: Process, link: number, peer: number): void {
    const arrives = this.now + this.#latency();
    this.at(arrives, () => {
      if (!process.running || this.isCut(process.id, peer) || this.isCut(peer, process.id)) return;
      const target = this.listening[peer];
      if (target?.running !== true) {
        this.#later(process, this.#latency(), { type: 'closed', at: 0, link, refused: true });
        return;
      }
      const accepted = target.nextAccepted;
      target.nextAccepted += 2;
      const connection: Connection = {
        dialler: { process, link, lastAt: this.now },
        acceptor: { process: target, link: accepted, lastAt: this.now },
        open: true,
      };
      process.connections.set(link, connection);
      target.connections.set(accepted, connection);
      this.#later(target, 0, { type: 'accepted', at: 0, link: accepted });
      this.#later(process, this.#latency(), { type: 'connected', at: 0, link });
    });
  }

  #send(process: Process, link: number, frame: Frame): void {
    const connection = process.connections.get(link);
    if (connection === undefined) return;
    const { dialler, acceptor } = connection;
    const to = dialler.process === process && dialler.link === link ? acceptor : dialler;
    if (this.isCut(process.id, to.process.id)) return;
    if (this.dropping > 0 && this.random.chance(0.2)) return;
    let copies = this.duplicating > 0 && this.random.chance(0.3) ? 2 : 1;
    for (; copies > 0; copies--) {
      to.lastAt = Math.max(to.lastAt, this.now + this.#latency());
      this.#agenda.put(to.lastAt, {
        process: to.process,
        happen: () => {
          if (!connection.open || this.isCut(process.id, to.process.id)) return;
          this.tell(to.process, { type: 'frame', at: 0, link: to.link, frame });
        },
      });
    }
  }

  /** Ends a connection at one end; the other is told, unless nothing can tell it. */
  #close(process: Process, link: number, silent: boolean): void {
    const connection = process.connections.get(link);
    if (connection === undefined) return;
    const { dialler, acceptor } = connection;
    const other = dialler.process === process && dialler.link === link ? acceptor : dialler;
    process.connections.delete(link);
    if (silent || this.isCut(process.id, other.process.id)) return;
    const at = Math.max(other.lastAt, this.now + this.#latency());
    this.#agenda.put(at, {
      process: other.process,
      happen: () => {
        if (!connection.open) return;
        this.#forget(connection);
        this.tell(other.process, { type: 'closed', at: 0, link: other.link, refused: false });
      },
    });
  }

  #forget(connection: Connection): void {
    connection.open = false;
    connection.dialler.process.connections.delete(connection.dialler.link);
    connection.acceptor.process.connections.delete(connection.acceptor.link);
  }

  #setTimer(process: Process, timer: TimerName, key: number, after: number): void {
    const name = `${timer}:${key}`;
    const due = this.now + after;
    process.timers.set(name, due);
    this.#agenda.put(due, {
      process,
      happen: () => {
        if (process.timers.get(name) !== due) return;
        process.timers.delete(name);
        this.tell(process, { type: 'timer', at: 0, timer, key });
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
    this.#agenda.put(this.now + 0.5 + 4 * this.random.next(), {
      process,
      happen: () => {
        if (!process.running) return;
        disk.durable = Math.max(disk.durable, through);
        this.tell(process, { type: 'synced', at: 0, id });
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
    this.#later(process, READ_LATENCY, { type: 'messages', at: 0, messages, end });
  }

  #end(process: Process, silent: boolean): void {
    process.running = false;
    for (const link of [...process.connections.keys()]) this.#close(process, link, silent);
    process.timers.clear();
    if (this.listening[process.id] === process) this.listening[process.id] = undefined;
    this.changed();
  }
}
