import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const configured = (name: string) => Number(execFileSync('getconf', [name], { encoding: 'utf8' }));
const TICKS_PER_SECOND = configured('CLK_TCK');
const PAGE_SIZE = configured('PAGESIZE');

/** The fields of proc_pid_stat(5) from the third on, which is its state; undefined for a process that is gone. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in parentheses, which may contain spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** A process and its descendants, as they are now. */
export function processTree(pid: number): number[] {
  const childrenOf = Map.groupBy(readdirSync('/proc').map(Number).filter(Number.isInteger), (each) =>
    Number(statOf(each)?.[1]),
  );
  const family = [pid];
  for (const member of family) family.push(...(childrenOf.get(member) ?? []));
  return family;
}

/** The processor time that a process and its descendants have used, in milliseconds: utime and stime. */
export function cpuTimeOf(pid: number): number {
  const ticks = processTree(pid).map((member) => {
    const fields = statOf(member);
    return fields === undefined ? 0 : Number(fields[11]) + Number(fields[12]);
  });
  return (sum(ticks) / TICKS_PER_SECOND) * 1_000;
}

/** The resident memory of a process, in bytes. */
export function memoryOf(pid: number): number {
  return Number(statOf(pid)?.[21]) * PAGE_SIZE;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** The most descriptors that this process may open. */
export function descriptorLimit(): number {
  const line = readFileSync('/proc/self/limits', 'utf8').match(/^Max open files\s+(\S+)/m);
  return line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1]);
}

/** How many connections to a port wait in the kernel to be accepted: what proc(5) calls rx_queue, for a socket that listens. */
export function backlogOf(port: number): number {
  const LISTEN = '0A';
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local, , state, queues] = line.trim().split(/\s+/);
    if (state === LISTEN && local?.endsWith(`:${hexPort}`))
      return Number.parseInt(queues?.split(':')[1] ?? '', 16);
  }
  throw new Error(`no socket listens on port ${port}`);
}
