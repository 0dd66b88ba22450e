/** The load generator: one task (see task.ts) against one server, then one line of JSON. */
import { Clients } from './clients.ts';
import { coreSeconds, cpuUsage, type MemoryUsage, memoryUsage } from './process-usage.ts';
import type { EchoResult, EchoTask, IdleResult, IdleTask, LoadResult, Task } from './task.ts';

/** A mechanism that slows down with every client may take a while to let thousands in. */
const CONNECT_TIMEOUT_MS = 60_000;
const FIRST_MESSAGE_TIMEOUT_MS = 10_000;
const FINISH_TIMEOUT_MS = 10_000;
/** The clients that come and go before a server's memory is measured. */
const WARMING_CLIENTS = 500;

function echo(task: EchoTask): EchoResult {
  const idle = new Clients(task.port, task.idleClients, task.bytes, 1);
  idle.connect(CONNECT_TIMEOUT_MS);
  const clients = new Clients(task.port, task.clients, task.bytes, task.depth);
  clients.connect(CONNECT_TIMEOUT_MS);
  clients.start();
  clients.run(task.warmupSeconds * 1000);

  const before = readings(task);
  clients.latencies.clear();
  clients.run(task.seconds * 1000);
  // A short window goes on until there is something to measure, however busy the machine is.
  const deadline = performance.now() + FIRST_MESSAGE_TIMEOUT_MS;
  while (clients.latencies.total === 0 && performance.now() < deadline) clients.run(task.seconds * 1000);
  const after = readings(task);
  const messages = clients.latencies.total;
  const [p50, p99] = [clients.latencies.percentile(0.5) / 1e3, clients.latencies.percentile(0.99) / 1e3];

  clients.finish(FINISH_TIMEOUT_MS);
  // An idle client that was lost meanwhile was not measured either.
  idle.run(1);
  for (const each of [clients, idle]) each.close();
  if (messages === 0) throw new Error('no message came back');

  const seconds = (after.atMs - before.atMs) / 1e3;
  const perMessage = (part: 'userSeconds' | 'systemSeconds' | 'totalSeconds'): number =>
    ((after.server[part] - before.server[part]) * 1e6) / messages;
  const taken = (which: 'server' | 'generator', core: number): number => {
    const used = (after.cores.get(core) ?? 0) - (before.cores.get(core) ?? 0);
    // Cores are accounted for in ticks, processes in nanoseconds: the difference can be a little below zero.
    return Math.max(0, used - (after[which].totalSeconds - before[which].totalSeconds)) / seconds;
  };
  return {
    kind: 'echo',
    messages,
    seconds,
    messagesPerSecond: messages / seconds,
    cpuMicrosPerMessage: {
      user: perMessage('userSeconds'),
      system: perMessage('systemSeconds'),
      total: perMessage('totalSeconds'),
    },
    latencyMicros: { p50, p99 },
    serverBusy: (after.server.totalSeconds - before.server.totalSeconds) / seconds,
    generatorBusy: (after.generator.totalSeconds - before.generator.totalSeconds) / seconds,
    serverWaited: (after.server.waitedSeconds - before.server.waitedSeconds) / seconds,
    takenByOthers: task.cores && {
      server: taken('server', task.cores.server),
      generator: taken('generator', task.cores.generator),
    },
  };
}

/** Taken in the same order at both ends of the window, so that what reading costs cancels out. */
function readings({ pid, cores }: EchoTask) {
  const atMs = performance.now();
  const server = cpuUsage(pid);
  const generator = cpuUsage(process.pid);
  const used = Object.values(cores ?? {}).map((core) => [core, coreSeconds(core)] as const);
  return { atMs, server, generator, cores: new Map(used) };
}

/**
 * The growth for the second half of the clients. A process that collects garbage has spare memory from before, which
 * takes in the first clients at no visible cost; once it is full, the growth is what a client takes.
 */
function idle(task: IdleTask): IdleResult {
  const { port, pid, clients: count } = task;
  const warming = new Clients(port, Math.min(WARMING_CLIENTS, count), 64, 1);
  warming.connect(CONNECT_TIMEOUT_MS);
  warming.close();

  const [first, second] = [new Clients(port, count, 64, 1), new Clients(port, count, 64, 1)];
  /** After a while, in which a lost connection is noticed. */
  const settledMemory = (): MemoryUsage => {
    for (const clients of [first, second]) clients.run((task.settleSeconds * 1000) / 2);
    return memoryUsage(pid);
  };
  const empty = settledMemory();
  first.connect(CONNECT_TIMEOUT_MS);
  const half = settledMemory();
  second.connect(CONNECT_TIMEOUT_MS);
  const full = settledMemory();
  for (const clients of [first, second]) clients.close();
  return {
    kind: 'idle',
    clients: count,
    bytesPerClient: (full.private - half.private) / count,
    anonymousBytesPerClient: (full.anonymous - half.anonymous) / count,
    firstBytesPerClient: (half.private - empty.private) / count,
    baseBytes: empty.private,
  };
}

function perform(task: Task): LoadResult {
  try {
    return task.kind === 'echo' ? echo(task) : idle(task);
  } catch (error) {
    return { kind: 'failure', reason: error instanceof Error ? error.message : String(error) };
  }
}

const result = perform(JSON.parse(process.argv[2] ?? '{}') as Task);
console.log(JSON.stringify(result));
process.exitCode = result.kind === 'failure' ? 1 : 0;
