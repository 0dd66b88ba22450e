import { readdirSync, readFileSync } from 'node:fs';

/** Ticks a second in /proc/PID/stat: USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a process and its descendants have used so far. */
export type CpuUsage = {
  userSeconds: number;
  systemSeconds: number;
  /** Exact to the nanosecond. */
  totalSeconds: number;
  /** Time ready to run, but without a core. */
  waitedSeconds: number;
};

/** What a process and its descendants hold, in bytes. */
export type MemoryUsage = { private: number; anonymous: number };

/** CPU time from proc_pid_stat(5) (user and system, in ticks) and /proc/PID/task/TID/schedstat (nanoseconds). */
export function cpuUsage(pid: number): CpuUsage {
  const usage = { userSeconds: 0, systemSeconds: 0, totalSeconds: 0, waitedSeconds: 0 };
  for (const member of processTree(pid)) {
    const { userSeconds, systemSeconds } = processTimes(member);
    usage.userSeconds += userSeconds;
    usage.systemSeconds += systemSeconds;
    const exact = schedulerTimes(member);
    usage.totalSeconds += exact?.ranSeconds ?? userSeconds + systemSeconds;
    usage.waitedSeconds += exact?.waitedSeconds ?? 0;
  }
  return usage;
}

/** The times of one process, and of its children that have ended, in ticks: proc_pid_stat(5). */
export function processTimes(pid: number) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field, the name, is in parentheses and may contain anything; field 3 follows the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const seconds = (field: number) => Number(fields[field]) / TICKS_PER_SECOND;
  return {
    userSeconds: seconds(11),
    systemSeconds: seconds(12),
    endedChildrenSeconds: seconds(13) + seconds(14),
  };
}

/** The sums over the threads of a process, or undefined where the kernel keeps no such account. */
function schedulerTimes(pid: number): { ranSeconds: number; waitedSeconds: number } | undefined {
  const sums = { ranSeconds: 0, waitedSeconds: 0 };
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = read(`/proc/${pid}/task/${thread}/schedstat`);
    if (text === undefined) return undefined;
    const [ran, waited] = text.split(' ');
    sums.ranSeconds += Number(ran) / 1e9;
    sums.waitedSeconds += Number(waited) / 1e9;
  }
  return sums;
}

/** Memory from /proc/PID/smaps_rollup, see proc_pid_smaps(5). */
export function memoryUsage(pid: number): MemoryUsage {
  const usage = { private: 0, anonymous: 0 };
  for (const member of processTree(pid)) {
    const text = readFileSync(`/proc/${member}/smaps_rollup`, 'latin1');
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
    const swapped = kilobytes('Swap');
    const own = kilobytes('Private_Clean') + kilobytes('Private_Dirty') + kilobytes('Private_Hugetlb');
    usage.private += (own + swapped) * 1024;
    usage.anonymous += (kilobytes('Anonymous') + swapped) * 1024;
  }
  return usage;
}

/** A process and all that descend from it: a model with worker processes is measured as a whole. */
function processTree(pid: number): number[] {
  const members = [pid];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const children = read(`/proc/${pid}/task/${thread}/children`)?.match(/\d+/g) ?? [];
    for (const child of children) members.push(...processTree(Number(child)));
  }
  return members;
}

/** How long a core has been in use so far, by a process, an interrupt or the hypervisor. From proc_stat(5). */
export function coreSeconds(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
