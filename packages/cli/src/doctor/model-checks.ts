import { type Model, models } from 'zocalo';
import { type ModelDefinition, modelDefinitions } from 'zocalo/internal';
import { leastRoom } from './capacity.ts';
import { formatCount } from './check.ts';
import { type Demand, wantedOf } from './demand.ts';
import type { Facts } from './facts.ts';
import type { MechanismFaults } from './probes.ts';
import type { Probes } from './system-checks.ts';

/** Whether a concurrency model can run here. */
export type ModelCheck = {
  readonly model: Model;
  /** `low`: with fewer clients than it would let in. `no`: not at all. */
  readonly verdict: 'ok' | 'low' | 'no';
  /** Why, or for how many clients at once, for a person. */
  readonly found: string;
  /** How many clients it would let in at once. */
  readonly wanted: number;
  /** How many clients there is room for at once. */
  readonly room: number;
};

/** Judges every concurrency model. */
export function checkModels(facts: Facts, faults: MechanismFaults, demand: Demand): ModelCheck[] {
  return models.map((model) => checkModel(model, facts, faults, demand));
}

function checkModel(model: Model, facts: Facts, faults: MechanismFaults, demand: Demand): ModelCheck {
  const { mechanism, workers, isolation }: ModelDefinition = modelDefinitions[model];
  const wanted = wantedOf(model, demand);
  const fault = faults[mechanism];
  if (fault !== undefined) return { model, verdict: 'no', found: fault, wanted, room: 0 };
  const { clients: room, of } = leastRoom(
    facts,
    demand,
    workers === 'inline' ? 'together' : (isolation ?? 'thread'),
  );
  if (room < wanted) {
    const found = `room for ${formatCount(room)} clients of ${formatCount(wanted)}: not enough ${of}`;
    return { model, verdict: 'low', found, wanted, room };
  }
  if (mechanism === 'sigio') return checkQueue(model, facts, wanted, room);
  return { model, verdict: 'ok', found: capacityText(model, wanted, room, demand), wanted, room };
}

function capacityText(model: Model, wanted: number, room: number, demand: Demand): string {
  const { mechanism, workers }: ModelDefinition = modelDefinitions[model];
  if (mechanism === 'blocking' && workers === 'inline') return 'one client at a time';
  if (mechanism === 'blocking' && workers === 'pool')
    return `${formatCount(wanted)} clients at a time, one a worker`;
  const text = `room for ${formatCount(room)} clients`;
  return wanted === demand.maxClients ? text : `${text}; lets in ${formatCount(wanted)} by default`;
}

/** A signal that the queue has no place for is lost, and the one that comes instead names no client. */
function checkQueue(model: Model, { limits }: Facts, wanted: number, room: number): ModelCheck {
  const places = limits.pendingSignals?.soft ?? Number.POSITIVE_INFINITY;
  const found = `room for ${formatCount(room)} clients`;
  if (places >= wanted) return { model, verdict: 'ok', found, wanted, room };
  return {
    model,
    verdict: 'low',
    found: `${found}, but for ${formatCount(places)} pending signals`,
    wanted,
    room,
  };
}

/** Why the default model is what it is, as `bestMechanism` decides. */
export function reasonFor({ platform }: Pick<Facts, 'platform'>, { systemCalls }: Probes): string {
  if (platform !== 'linux') return `epoll is of Linux, and this is ${platform}`;
  if (systemCalls !== undefined) return 'system calls cannot be made without koffi';
  return 'this is Linux, and system calls can be made';
}
