import { type Frame, FrameType } from '../../src/protocol/frame.ts';
import type { Connection, End, Process } from './process.ts';
import type { Simulation } from './simulation.ts';

/** How long a message takes over a slow link, longer than a link may be silent, and how often a part of it comes. */
const SLOW_SEND_MS = 300;
const PART_INTERVAL_MS = 30;

/** The connections between the processes of a simulation, and what is wrong with them. */
export class Network {
  dropping = 0;
  duplicating = 0;
  readonly #simulation: Simulation;
  /** Counts of the cuts in force, `from * places + to`; likewise of slow and of narrow links. */
  readonly #cuts: number[];
  readonly #slow: number[];
  readonly #narrow: number[];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#cuts = new Array(simulation.places ** 2).fill(0);
    this.#slow = [...this.#cuts];
    this.#narrow = [...this.#cuts];
  }

  cut(from: number, to: number, by: 1 | -1): void {
    const place = from * this.#simulation.places + to;
    this.#cuts[place] = (this.#cuts[place] ?? 0) + by;
  }

  /** Messages take {@link SLOW_SEND_MS} from one node to another. */
  slow(from: number, to: number, by: 1 | -1): void {
    const place = from * this.#simulation.places + to;
    this.#slow[place] = (this.#slow[place] ?? 0) + by;
  }

  /** Every other message does not get from one node to another, nor does what is behind it on its connection. */
  narrow(from: number, to: number, by: 1 | -1): void {
    const place = from * this.#simulation.places + to;
    this.#narrow[place] = (this.#narrow[place] ?? 0) + by;
  }

  isCut(from: number, to: number): boolean {
    return (this.#cuts[from * this.#simulation.places + to] ?? 0) > 0;
  }

  /** Breaks every connection between two nodes. */
  reset(from: number, to: number): void {
    for (const process of this.#simulation.processes) {
      if (process.id !== from) continue;
      for (const connection of [...process.connections.values()]) {
        const { connector, acceptor } = connection;
        const other = connector.process === process ? acceptor : connector;
        if (other.process.id !== to) continue;
        this.#forget(connection);
        this.#simulation.schedule(connector.process, this.#latency(), {
          type: 'closed',
          at: 0,
          link: connector.link,
          refused: false,
        });
        this.#simulation.schedule(acceptor.process, this.#latency(), {
          type: 'closed',
          at: 0,
          link: acceptor.link,
          refused: false,
        });
      }
    }
  }

  connect(process: Process, link: number, peer: number): void {
    const arrives = this.#simulation.now + this.#latency();
    this.#simulation.at(arrives, () => {
      if (!process.running || this.isCut(process.id, peer) || this.isCut(peer, process.id)) return;
      const target = this.#simulation.listening[peer];
      if (target?.running !== true) {
        this.#simulation.schedule(process, this.#latency(), { type: 'closed', at: 0, link, refused: true });
        return;
      }
      const accepted = target.nextAccepted;
      target.nextAccepted += 2;
      const connection: Connection = {
        connector: { process, link, lastAt: this.#simulation.now, stuck: false },
        acceptor: { process: target, link: accepted, lastAt: this.#simulation.now, stuck: false },
        open: true,
      };
      process.connections.set(link, connection);
      target.connections.set(accepted, connection);
      this.#simulation.schedule(target, 0, { type: 'accepted', at: 0, link: accepted });
      this.#simulation.schedule(process, this.#latency(), { type: 'connected', at: 0, link });
    });
  }

  send(process: Process, link: number, frame: Frame): void {
    const connection = process.connections.get(link);
    if (connection === undefined) return;
    const { connector, acceptor } = connection;
    const to = connector.process === process && connector.link === link ? acceptor : connector;
    if (this.isCut(process.id, to.process.id)) return;
    if (this.dropping > 0 && this.#simulation.random.chance(0.2)) return;
    const way = process.id * this.#simulation.places + to.process.id;
    if (frame.type === FrameType.DATA && (this.#narrow[way] ?? 0) > 0 && frame.message % 2 === 0)
      to.stuck = true;
    if (to.stuck) return;
    if (frame.type === FrameType.DATA && (this.#slow[way] ?? 0) > 0) this.#sendSlowly(connection, to);
    let copies = this.duplicating > 0 && this.#simulation.random.chance(0.3) ? 2 : 1;
    for (; copies > 0; copies--) {
      to.lastAt = Math.max(to.lastAt, this.#simulation.now + this.#latency());
      this.#simulation.queue.put(to.lastAt, {
        process: to.process,
        happen: () => {
          if (!connection.open || this.isCut(process.id, to.process.id)) return;
          this.#simulation.dispatch(to.process, { type: 'frame', at: 0, link: to.link, frame });
        },
      });
    }
  }

  /** What is sent next is long: it comes in parts, the last of them late. */
  #sendSlowly(connection: Connection, to: End): void {
    const from = Math.max(to.lastAt, this.#simulation.now);
    to.lastAt = from + SLOW_SEND_MS;
    for (let at = from + PART_INTERVAL_MS; at < to.lastAt; at += PART_INTERVAL_MS) {
      this.#simulation.queue.put(at, {
        process: to.process,
        happen: () => {
          if (connection.open)
            this.#simulation.dispatch(to.process, { type: 'partial', at: 0, link: to.link });
        },
      });
    }
  }

  /** Ends a connection at one end; the other is told, unless nothing can tell it. */
  close(process: Process, link: number, silent: boolean): void {
    const connection = process.connections.get(link);
    if (connection === undefined) return;
    const { connector, acceptor } = connection;
    const other = connector.process === process && connector.link === link ? acceptor : connector;
    process.connections.delete(link);
    if (silent || this.isCut(process.id, other.process.id)) return;
    const at = Math.max(other.lastAt, this.#simulation.now + this.#latency());
    this.#simulation.queue.put(at, {
      process: other.process,
      happen: () => {
        if (!connection.open) return;
        this.#forget(connection);
        this.#simulation.dispatch(other.process, { type: 'closed', at: 0, link: other.link, refused: false });
      },
    });
  }

  #forget(connection: Connection): void {
    connection.open = false;
    connection.connector.process.connections.delete(connection.connector.link);
    connection.acceptor.process.connections.delete(connection.acceptor.link);
  }

  #latency(): number {
    return 0.5 + 6 * this.#simulation.random.next() ** 2;
  }
}
