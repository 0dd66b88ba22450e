import { availableParallelism, release, totalmem } from 'node:os';
import { type CgroupLimits, readCgroupLimits } from './cgroups.ts';
import { type Limits, limitsInReport, parseLimits } from './limits.ts';
import { type ReadText, readText, wholeNumber } from './read-text.ts';

/** What a machine says of itself, as far as it matters to a server. Undefined is what it does not say. */
export type Facts = {
  readonly node: string;
  readonly platform: string;
  readonly architecture: string;
  /** The release of the kernel: `6.18.44`. */
  readonly kernel: string;
  /** How many threads can run at once, by affinity and the quota of this process. */
  readonly cores: number;
  /** In bytes. */
  readonly memory: number;
  readonly cgroup: CgroupLimits;
  readonly limits: Limits;
  /** The most that RLIMIT_NOFILE can be raised to: `fs.nr_open`. */
  readonly mostOpenFiles: number | undefined;
  /** Threads of the whole machine: `kernel.threads-max`, and `kernel.pid_max` since each has a number. */
  readonly mostThreads: number | undefined;
  /** What listen(2) cuts a backlog down to: `net.core.somaxconn`. */
  readonly somaxconn: number | undefined;
  /** `net.ipv4.tcp_max_syn_backlog`. */
  readonly synBacklog: number | undefined;
  /** `net.ipv4.tcp_syncookies`: 0 is off. */
  readonly synCookies: number | undefined;
  /** `net.ipv4.ip_local_port_range`: the ports that connections from here get, first and last. */
  readonly ephemeralPorts: { readonly first: number; readonly last: number } | undefined;
  /** `kernel.io_uring_disabled`: 0 allows it to all, 1 to a group and the privileged, 2 to none. Since Linux 6.6. */
  readonly ioUringDisabled: number | undefined;
};

/** What Node knows of its machine without reading files. */
export type Machine = Pick<Facts, 'node' | 'platform' | 'architecture' | 'kernel' | 'cores' | 'memory'> & {
  /** A diagnostic report; for systems without `/proc` only. */
  readonly report: () => unknown;
};

const thisMachine = (): Machine => ({
  node: process.versions.node,
  platform: process.platform,
  architecture: process.arch,
  kernel: release(),
  cores: availableParallelism(),
  memory: totalmem(),
  report() {
    // It would look up the names of network addresses.
    (process.report as { excludeNetwork?: boolean }).excludeNetwork = true;
    return process.report.getReport();
  },
});

/** Collects the facts of a machine: by default, of this one. */
export function collectFacts(read: ReadText = readText, machine: Machine = thisMachine()): Facts {
  const { report, ...known } = machine;
  const number = (setting: string) => wholeNumber(read(`/proc/sys/${setting}`));
  const limits = read('/proc/self/limits');
  const mostThreads = [number('kernel/threads-max'), number('kernel/pid_max')].filter(
    (each) => each !== undefined,
  );
  return {
    ...known,
    cgroup: readCgroupLimits(read),
    limits: limits === undefined ? limitsInReport(report()) : parseLimits(limits),
    mostOpenFiles: number('fs/nr_open'),
    mostThreads: mostThreads.length === 0 ? undefined : Math.min(...mostThreads),
    somaxconn: number('net/core/somaxconn'),
    synBacklog: number('net/ipv4/tcp_max_syn_backlog'),
    synCookies: number('net/ipv4/tcp_syncookies'),
    ephemeralPorts: parsePortRange(read('/proc/sys/net/ipv4/ip_local_port_range')),
    ioUringDisabled: number('kernel/io_uring_disabled'),
  };
}

function parsePortRange(text = ''): Facts['ephemeralPorts'] {
  const [, first, last] = /^(\d+)\s+(\d+)\s*$/.exec(text) ?? [];
  return first === undefined ? undefined : { first: Number(first), last: Number(last) };
}

/** Whether a kernel release is of a version or a later one; true for a release that cannot be understood. */
export function isAtLeast(kernel: string, major: number, minor: number): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  if (first === undefined) return true;
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
