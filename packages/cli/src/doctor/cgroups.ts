import { join } from 'node:path';
import { type ReadText, wholeNumber } from './read-text.ts';

/** What control groups allow this process, with everything else in them: cgroups(7). `Infinity` is no limit. */
export type CgroupLimits = {
  /** Processor time, in cores: 1.5 is 150 ms in every 100 ms. */
  readonly cores: number;
  /** In bytes. */
  readonly memory: number;
  /** Processes and threads. */
  readonly tasks: number;
};

/** The directory of a group, and those it lies in up to the mount: a limit holds for all that is below. */
type Group = { readonly version: 1 | 2; readonly directories: readonly string[] };

/** Reads the limits from the control groups that `/proc/self` names, of version 1, 2 or both. */
export function readCgroupLimits(read: ReadText): CgroupLimits {
  const membership = read('/proc/self/cgroup') ?? '';
  const mounts = read('/proc/self/mountinfo') ?? '';
  const least = (
    controller: string,
    limitIn: (file: (name: string) => string | undefined, version: 1 | 2) => number,
  ) => {
    const group = findGroup(membership, mounts, controller);
    const limits = group?.directories.map((directory) =>
      limitIn((name) => read(join(directory, name)), group.version),
    );
    return Math.min(Number.POSITIVE_INFINITY, ...(limits ?? []));
  };
  return {
    cores: least('cpu', (file, version) =>
      version === 2
        ? cpuQuota(...((file('cpu.max') ?? '').trim().split(' ') as [string, string?]))
        : cpuQuota(file('cpu.cfs_quota_us'), file('cpu.cfs_period_us')),
    ),
    memory: least('memory', (file, version) =>
      memoryLimit(file(version === 2 ? 'memory.max' : 'memory.limit_in_bytes')),
    ),
    tasks: least('pids', (file) => wholeNumber(file('pids.max')) ?? Number.POSITIVE_INFINITY),
  };
}

/**
 * Finds the group of a controller. A line of `/proc/self/cgroup` is `id:controllers:path`, without controllers in version 2. The
 * path counts from the root of the hierarchy, of which a container may have mounted only a part: fields 4 and 5 of
 * `/proc/self/mountinfo` are that part and where it is (proc_pid_mountinfo(5)).
 */
export function findGroup(membership: string, mounts: string, controller: string): Group | undefined {
  const groups = membership.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line) ?? []);
  const first = groups.find(([, controllers = '']) => controllers.split(',').includes(controller));
  const version = first === undefined ? 2 : 1;
  const path = (first ?? groups.find(([, controllers]) => controllers === ''))?.[2];
  if (path === undefined) return undefined;
  for (const line of mounts.split('\n')) {
    const [fields = '', source = ''] = line.split(' - ');
    const [, , , root = '', mountPoint = ''] = fields.split(' ');
    const [type, , options = ''] = source.split(' ');
    const right =
      version === 2 ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(controller);
    if (right) return { version, directories: directoriesBetween(mountPoint, below(root, path)) };
  }
  return undefined;
}

/** The part of a path below another; the root itself when it is not below it. */
function below(root: string, path: string): string {
  if (root === '/') return path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '/';
}

function directoriesBetween(mountPoint: string, path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return [...names.keys(), names.length].map((depth) => join(mountPoint, ...names.slice(0, depth)));
}

/** Quota and period in microseconds; a quota of `max` or -1 is none. */
function cpuQuota(quota: string | undefined, period: string | undefined): number {
  const cores = (wholeNumber(quota) ?? Number.NaN) / (wholeNumber(period) ?? Number.NaN);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

/** Version 1 has no word for no limit: it says the largest number of whole pages that a long holds. */
function memoryLimit(text: string | undefined): number {
  const bytes = wholeNumber(text) ?? Number.POSITIVE_INFINITY;
  return bytes < 2 ** 62 ? bytes : Number.POSITIVE_INFINITY;
}
