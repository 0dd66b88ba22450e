import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTimes } from '../../src/load/process-usage.ts';
import { onCore } from '../../src/runner/placement.ts';
import { percentile } from '../../src/runner/statistics.ts';
import { folder, type NameServer } from './servers.ts';

export type Run = {
  readonly queriesPerSecond: number;
  readonly queriesPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

/** How long a child that served a connection takes to end, so that its time is counted. */
const CHILD_END_MS = 200;

/** Asks over 10 connections with 100 questions under way. */
export async function dnsperf(
  server: NameServer,
  pid: number,
  core: number | undefined,
  args: readonly string[],
): Promise<Run> {
  const { port, questions } = server;
  const common = ['-m', 'tcp', '-s', '127.0.0.1', '-p', `${port}`, '-d', questions, '-c', '10', '-q', '100'];
  const before = cpuSeconds(pid);
  const [program = '', ...rest] = onCore(core, ['dnsperf', ...common, ...args]);
  // Read when it is over: to read a line for each question meanwhile would take time of one of the two cores.
  const path = join(folder, 'output');
  const outputFd = openSync(path, 'w');
  const child = spawn(program, rest, { stdio: ['ignore', outputFd, 'inherit'] });
  closeSync(outputFd);
  await once(child, 'close');
  const output = readFileSync(path, 'latin1');
  await sleep(CHILD_END_MS);
  const spentSeconds = cpuSeconds(pid) - before;
  const completed = Number(/Queries completed:\s+(\d+)/.exec(output)?.[1]);
  const lost = Number(/Queries lost:\s+(\d+)/.exec(output)?.[1]);
  const queriesPerSecond = Number(/Queries per second:\s+([\d.]+)/.exec(output)?.[1]);
  // dnsmasq closes a connection after 100 questions, and those under way are lost to this client.
  const allowed = server.name.startsWith('dnsmasq') ? 0.02 * completed : 0;
  if (!(completed > 0) || lost > allowed || !/NOERROR \d+ \(100/.test(output))
    throw new Error(`not all were answered:\n${output.slice(-2_000)}`);
  const latenciesMs = [...output.matchAll(/^> NOERROR \S+ \S+ ([\d.]+)$/gm)].map(
    ([, latencySeconds]) => 1_000 * Number(latencySeconds),
  );
  return {
    queriesPerSecond,
    queriesPerCpuSecond: completed / spentSeconds,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}

/** Of a process and of its children that have ended: dnsmasq has one for each connection. */
function cpuSeconds(pid: number): number {
  const { userSeconds, systemSeconds, endedChildrenSeconds } = processTimes(pid);
  return userSeconds + systemSeconds + endedChildrenSeconds;
}
