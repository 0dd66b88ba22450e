/** The load generator: one task (see task.ts) against one server, then one line of JSON. */
import { Clients } from './clients.ts';
import { coreTimes, cpuUsage, memoryUsage } from './process-usage.ts';
import type { EchoResult, EchoTask, IdleResult, IdleTask, LoadResult, Task } from './task.ts';

const CONNECT_TIMEOUT_MS = 30_000;
const FINISH_TIMEOUT_MS = 10_000;
/** The clients that warm a server up before its idle memory is measured. */
const WARMING_CLIENTS = 500;
const WARMING_MS = 1000;

function echo(task: EchoTask): EchoResult {
  const clients = new Clients(task.port, task.clients, task.bytes, task.depth);
  clients.connect(CONNECT_TIMEOUT_MS);
  clients.start();
  clients.run(task.warmupSeconds * 1000);

  const before = readings(task.pid);
  clients.latencies.clear();
  clients.run(task.seconds * 1000);
  const after = readings(task.pid);
  const messages = clients.latencies.total;
  const [p50, p99] = [clients.latencies.percentile(0.5) / 1e3, clients.latencies.percentile(0.99) / 1e3];

  clients.finish(FINISH_TIMEOUT_MS);
  clients.close();
  if (messages === 0) throw new Error('no message came back within the window');

  const seconds = (after.time - before.time) / 1e3;
  const perMessage = (part: 'user' | 'system' | 'total'): number =>
    ((after.server[part] - before.server[part]) * 1e6) / messages;
  return {
    kind: 'echo',
    messages,
    seconds,
    messagesPerSecond: messages / seconds,
    cpuMicrosPerMessage: {
      user: perMessage('user'),
      system: perMessage('system'),
      total: perMessage('total'),
    },
    latencyMicros: { p50, p99 },
    serverBusy: (after.server.total - before.server.total) / seconds,
    generatorBusy: (after.generator - before.generator) / seconds,
    serverWaited: (after.server.waited - before.server.waited) / seconds,
    stolen: (after.cores.stolen - before.cores.stolen) / (after.cores.all - before.cores.all || 1),
  };
}

/** Taken in the same order at both ends of the window, so that what reading costs cancels out. */
function readings(pid: number) {
  const time = performance.now();
  const server = cpuUsage(pid);
  const { user, system } = process.cpuUsage();
  return { time, server, generator: (user + system) / 1e6, cores: coreTimes() };
}

function idle(task: IdleTask): IdleResult {
  const settleMs = task.settleSeconds * 1000;
  const warming = new Clients(task.port, Math.min(WARMING_CLIENTS, task.clients), 64, 1);
  warming.connect(CONNECT_TIMEOUT_MS);
  warming.start();
  warming.run(WARMING_MS);
  warming.finish(FINISH_TIMEOUT_MS);
  warming.close();

  const clients = new Clients(task.port, task.clients, 64, 1);
  clients.run(settleMs);
  const before = memoryUsage(task.pid);
  clients.connect(CONNECT_TIMEOUT_MS);
  clients.run(settleMs);
  const after = memoryUsage(task.pid);
  clients.close();
  return {
    kind: 'idle',
    clients: task.clients,
    bytesPerClient: (after.private - before.private) / task.clients,
    anonymousBytesPerClient: (after.anonymous - before.anonymous) / task.clients,
    baseBytes: before.private,
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
