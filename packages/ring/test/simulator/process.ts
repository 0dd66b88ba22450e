import type { Summary } from '../../src/protocol/effect.ts';
import type { Frame } from '../../src/protocol/frame.ts';
import type { NodeState } from '../../src/protocol/state.ts';
import type { Disk } from './disk.ts';

/** A process that runs a node. A restarted node is another process on the same disk. */
export type Process = {
  readonly id: number;
  readonly node: NodeState;
  readonly disk: Disk;
  readonly impostor: boolean;
  running: boolean;
  ended: { status: number; reason: string; summary: Summary } | undefined;
  stalledUntil: number;
  inbox: QueuedEvent[];
  /** How far its clock is ahead. */
  ahead: number;
  readonly connections: Map<number, Connection>;
  readonly timers: Map<string, number>;
  nextAccepted: number;
  nextLine: number;
  crashAtRecord: { restartAfter: number; afterSync: boolean } | undefined;
  lastToken: { link: number; frame: Frame } | undefined;
};

/** One end of a connection; `stuck`: nothing arrives there any more. */
export type End = { process: Process; link: number; lastAt: number; stuck: boolean };
export type Connection = { connector: End; acceptor: End; open: boolean };

/** Something that happens to a process, or to the simulation when there is none. */
export type QueuedEvent = { process: Process | undefined; happen: () => void };

/** An invariant does not hold. The message says which, and where. */
export class Violation extends Error {
  override name = 'Violation';
}
