import type { Demand } from './demand.ts';
import type { Facts } from './facts.ts';

/** Descriptors that a server needs besides its clients: about 30 for Node, loop and listener; the rest for files of handlers. */
export const RESERVED_FILES = 64;
/** Memory of a server without clients, in bytes. Measured with Node 26: 56 MB. */
const SERVER_MEMORY = 64 * 2 ** 20;

/** Where the clients of a server are: all in one thread, or in a thread or a process each. */
export type Location = 'together' | 'thread' | 'process';

/**
 * What one client costs besides its bytes: descriptors of the process that accepts, memory in bytes, and threads. Measured with Node
 * 26 and the built package. A thread has the client's descriptor, two for its messages and five for its event loop; for a process
 * there is one to speak to it. A process has eleven threads once a handler has used a file: its own, five of V8, four of libuv's
 * pool, and one for the inspector's signal.
 */
const CLIENT_COSTS: Readonly<Record<Location, { files: number; memory: number; threads: number }>> = {
  together: { files: 1, memory: 0, threads: 0 },
  thread: { files: 8, memory: 10 * 2 ** 20, threads: 1 },
  process: { files: 1, memory: 14 * 2 ** 20, threads: 11 },
};

/** How many clients one resource is enough for. */
export type Room = { readonly clients: number; readonly of: string };

/** Who bounds the number of threads: `ulimit -u`, `pids.max`, or `kernel.pid_max` and `kernel.threads-max`. */
export type TaskBound = 'user' | 'control group' | 'kernel';

/** Memory that may be used, in bytes: of the machine or of the control group. */
export function usableMemory(facts: Facts): number {
  return Math.min(facts.memory, facts.cgroup.memory);
}

/** How many clients there are descriptors for. */
export function roomInFiles({ limits }: Facts, place: Location = 'together'): number {
  const most = limits.openFiles?.soft ?? Number.POSITIVE_INFINITY;
  return Math.max(Math.floor((most - RESERVED_FILES) / CLIENT_COSTS[place].files), 0);
}

/** How many clients can leave unread as much as they may, all at once. */
export function roomInMemory(facts: Facts, { highWater }: Demand, place: Location = 'together'): number {
  const free = Math.max(usableMemory(facts) - SERVER_MEMORY, 0);
  return Math.floor(free / (highWater + CLIENT_COSTS[place].memory));
}

/** The most threads that this process and those it starts may be, and whose limit that is. RLIMIT_NPROC does not bind root. */
export function boundOnTasks({ limits, cgroup, mostThreads }: Facts): { most: number; by: TaskBound } {
  const bounds: { most: number; by: TaskBound }[] = [
    { most: limits.processes?.soft ?? Number.POSITIVE_INFINITY, by: 'user' },
    { most: cgroup.tasks, by: 'control group' },
    { most: mostThreads ?? Number.POSITIVE_INFINITY, by: 'kernel' },
  ];
  return bounds.reduce((least, bound) => (bound.most < least.most ? bound : least));
}

/** How many clients can have a thread each, or a process. */
export function roomInTasks(facts: Facts, place: 'thread' | 'process'): number {
  const free = Math.max(boundOnTasks(facts).most - CLIENT_COSTS.process.threads, 0);
  return Math.floor(free / CLIENT_COSTS[place].threads);
}

/** How many clients a server has room for, and of what there is least. */
export function leastRoom(facts: Facts, demand: Demand, place: Location): Room {
  const rooms: Room[] = [
    { clients: roomInFiles(facts, place), of: 'open files' },
    { clients: roomInMemory(facts, demand, place), of: 'memory' },
  ];
  if (place !== 'together') rooms.push({ clients: roomInTasks(facts, place), of: 'threads' });
  return rooms.reduce((least, room) => (room.clients < least.clients ? room : least));
}
