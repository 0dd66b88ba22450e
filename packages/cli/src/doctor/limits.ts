import { wholeNumber } from './read-text.ts';

/** A limit of getrlimit(2): the soft one is in force, the hard one is as far as it can be raised. `Infinity` is unlimited. */
export type Limit = { readonly soft: number; readonly hard: number };

/** The limits that matter to a server; undefined for what this system does not report. */
export type Limits = {
  /** RLIMIT_NOFILE: open descriptors of a process. */
  readonly openFiles: Limit | undefined;
  /** RLIMIT_NPROC: threads of this user, those of all its processes together. */
  readonly processes: Limit | undefined;
  /** RLIMIT_SIGPENDING: signals queued for this user, as many as its processes have together. */
  readonly pendingSignals: Limit | undefined;
  /** RLIMIT_MEMLOCK: locked memory, in bytes. */
  readonly lockedMemory: Limit | undefined;
};

/** Reads `/proc/self/limits`: a name, the soft and the hard limit, and a unit in each line (proc_pid_limits(5)). */
export function parseLimits(text: string): Limits {
  const limit = (name: string): Limit | undefined => {
    const [, soft, hard] = new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(text) ?? [];
    return asLimit(soft, hard);
  };
  return {
    openFiles: limit('Max open files'),
    processes: limit('Max processes'),
    pendingSignals: limit('Max pending signals'),
    lockedMemory: limit('Max locked memory'),
  };
}

/** The limits of a diagnostic report of Node, which has them on systems without `/proc`. */
export function limitsInReport(report: unknown): Limits {
  const { userLimits = {} } = (report ?? {}) as {
    userLimits?: Record<string, { soft: unknown; hard: unknown }>;
  };
  const limit = (name: string): Limit | undefined =>
    asLimit(`${userLimits[name]?.soft}`, `${userLimits[name]?.hard}`);
  return {
    openFiles: limit('open_files'),
    processes: limit('max_user_processes'),
    pendingSignals: undefined,
    lockedMemory: limit('max_locked_memory_bytes'),
  };
}

function asLimit(soft: string | undefined, hard: string | undefined): Limit | undefined {
  const read = (text: string | undefined) =>
    text === 'unlimited' ? Number.POSITIVE_INFINITY : wholeNumber(text);
  const limit = { soft: read(soft), hard: read(hard) };
  return limit.soft === undefined || limit.hard === undefined ? undefined : (limit as Limit);
}
