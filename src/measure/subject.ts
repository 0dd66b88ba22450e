import { arrangements, type Isolation, type Model } from '../workers/models.ts';
import { ownProgram } from './own-file.ts';

/** What is measured: a model, and how its workers are arranged where that is not left to the model. */
export type Subject = {
  readonly model: Model;
  readonly workers?: number;
  readonly isolation?: Isolation;
};

/** How many clients are tried with a worker each: every worker is a Node of its own, and all have one core. */
const MOST_WORKERS: Record<Isolation, number> = { thread: 100, process: 50 };
/** How many workers a pool gets unless it is said. */
const POOL_WORKERS = 10;

/** A model with the workers that it gets when it is measured. */
export function subjectOf(model: Model, workers?: number, isolation?: Isolation): Subject {
  const arrangement = arrangements[model];
  if (arrangement.workers === 'each') return { model };
  if (arrangement.workers === 'pool') return { model, workers: workers ?? POOL_WORKERS };
  if (workers === undefined || arrangement.mechanism === 'blocking') return { model };
  return isolation === undefined ? { model, workers } : { model, workers, isolation };
}

/** The command that starts an echo server, as `startServer` takes it. */
export function echoServer(subject: Subject): readonly string[] {
  return [...ownProgram('echo-server'), JSON.stringify(subject)];
}

/** In how many workers so many clients are served. */
export function workersOf({ model, workers = 1 }: Subject, clients: number): number {
  return Math.min(arrangements[model].workers === 'each' ? clients : workers, clients);
}

/** A bound on clients at once, and its cause in words that follow the model's name. */
export type Capacity = { readonly most: number; readonly cause: string };

/** How many clients a model serves at once by its nature; undefined when as many as there are descriptors. */
export function capacity({ model, workers }: Subject): Capacity | undefined {
  const arrangement = arrangements[model];
  if (arrangement.mechanism !== 'blocking') return undefined;
  switch (arrangement.workers) {
    case 'inline':
      return { most: 1, cause: 'serves one client at a time' };
    case 'pool': {
      const most = workers ?? POOL_WORKERS;
      return { most, cause: `has ${most} workers, which serve one client each` };
    }
    case 'each': {
      const { isolation } = arrangement;
      const most = MOST_WORKERS[isolation];
      return { most, cause: `starts a ${isolation} for each client, and more than ${most} are not tried` };
    }
  }
}
