import {
  boundOnTasks,
  RESERVED_FILES,
  roomInFiles,
  roomInMemory,
  roomInTasks,
  usableMemory,
} from './capacity.ts';
import { type Check, formatBytes, formatCount } from './check.ts';
import { type Demand, wantedOf } from './demand.ts';
import { type Facts, isAtLeast } from './facts.ts';
import { checkPorts, checkSomaxconn, checkSynBacklog } from './network-checks.ts';
import { checkIoUring, checkSystemCalls, type Probes } from './system-checks.ts';

/** The oldest Node that zocalo runs on, as in `package.json`. */
export const OLDEST_NODE = 24;
/** Where nothing speaks against it, the limit on descriptors that is advised at least. */
const USUAL_OPEN_FILES = 65_536;

/** Judges the facts of a machine for so many clients. */
export function checkFacts(facts: Facts, probes: Probes, demand: Demand): Check[] {
  const everywhere = [
    checkNode(facts),
    {
      name: 'platform',
      verdict: 'ok',
      found: `${facts.platform} ${facts.kernel} on ${facts.architecture}`,
    } as const,
    checkSystemCalls(probes),
    checkCores(facts),
    checkMemory(facts, demand),
    checkOpenFiles(facts, demand),
  ];
  if (facts.platform !== 'linux') return everywhere;
  const onLinux = [
    checkTasks(facts, demand),
    checkPendingSignals(facts, demand),
    checkSomaxconn(facts, demand),
    checkSynBacklog(facts, demand),
    checkPorts(facts, demand),
    checkIoUring(facts, probes),
  ];
  // Rings count as memory of the control group since Linux 5.12.
  if (!isAtLeast(facts.kernel, 5, 12)) onLinux.push(checkLockedMemory(facts));
  return [...everywhere, ...onLinux];
}

function checkNode({ node }: Facts): Check {
  const name = 'Node';
  if (Number.parseInt(node, 10) >= OLDEST_NODE) return { name, verdict: 'ok', found: node };
  return {
    name,
    verdict: 'old',
    found: node,
    advice: { words: `Node ${OLDEST_NODE} or newer is needed: see https://nodejs.org.`, commands: [] },
  };
}

function checkCores({ cores, cgroup }: Facts): Check {
  const name = 'cores';
  if (cgroup.cores >= cores) return { name, verdict: 'ok', found: `${cores}` };
  const quota = Math.round(cgroup.cores * 100) / 100;
  const found = `${cores}, with a quota of ${quota}`;
  if (quota >= 1) return { name, verdict: 'ok', found };
  return {
    name,
    verdict: 'low',
    found,
    advice: {
      words:
        'The control group stops the server for a part of every period, and answers wait. In a container:',
      commands: ['docker run --cpus 1'],
    },
  };
}

function checkMemory(facts: Facts, demand: Demand): Check {
  const name = 'memory';
  const memory = usableMemory(facts);
  const found = `${formatBytes(memory)}${memory < facts.memory ? `, of ${formatBytes(facts.memory)}` : ''}`;
  const room = roomInMemory(facts, demand);
  if (room >= demand.maxClients) return { name, verdict: 'ok', found };
  return {
    name,
    verdict: 'low',
    found: `${found}: room for ${formatCount(room)} clients that read slowly`,
    advice: {
      words: `Each client may leave ${formatBytes(demand.highWater)} of its answers unread. To let fewer in:`,
      commands: [`zocalo serve SERVICE --max-clients ${Math.max(room, 1)}`],
    },
  };
}

function checkOpenFiles(facts: Facts, { maxClients, maxWaiting }: Demand): Check {
  const name = 'open files';
  const limit = facts.limits.openFiles;
  if (limit === undefined) return { name, verdict: 'unknown', found: 'this system does not tell' };
  const room = roomInFiles(facts);
  const amount =
    limit.soft === limit.hard
      ? formatCount(limit.soft)
      : `${formatCount(limit.soft)} (hard ${formatCount(limit.hard)})`;
  const found = `${amount}: room for ${formatCount(room)} clients`;
  const needed = maxClients + maxWaiting;
  if (room >= needed) return { name, verdict: 'ok', found };
  const wanted = Math.max(USUAL_OPEN_FILES, 2 ** Math.ceil(Math.log2(needed + RESERVED_FILES)));
  const ceiling = facts.mostOpenFiles ?? Number.POSITIVE_INFINITY;
  return {
    name,
    verdict: 'low',
    found,
    advice: {
      words:
        `There is room for ${formatCount(room)} clients, where ${formatCount(maxClients)} may be in and ` +
        `${formatCount(maxWaiting)} in line. In the shell that starts the server` +
        `${wanted > limit.hard ? `, as root since the hard limit is ${formatCount(limit.hard)}` : ''} ` +
        `(for a service LimitNOFILE=${wanted}, for a container --ulimit nofile=${wanted}):`,
      commands: [...(wanted > ceiling ? [`sysctl -w fs.nr_open=${wanted}`] : []), `ulimit -n ${wanted}`],
    },
  };
}

/** The largest `kernel.pid_max` there is: 2^22, of 64-bit kernels (proc_sys_kernel(5)). */
const LARGEST_PID_MAX = 4_194_304;

function checkTasks(facts: Facts, demand: Demand): Check {
  const name = 'threads';
  const { most, by } = boundOnTasks(facts);
  const found =
    most === Number.POSITIVE_INFINITY ? 'unlimited' : `${formatCount(most)}, by the limit of the ${by}`;
  const wanted = wantedOf('process-per-client', demand);
  const room = roomInTasks(facts, 'process');
  if (room >= wanted) return { name, verdict: 'ok', found };
  const raise = {
    user: [`ulimit -u ${16 * wanted}`],
    'control group': ['docker run --pids-limit -1'],
    kernel: [
      `sysctl -w kernel.pid_max=${LARGEST_PID_MAX}`,
      `sysctl -w kernel.threads-max=${LARGEST_PID_MAX}`,
    ],
  };
  return {
    name,
    verdict: 'low',
    found,
    advice: { words: 'Only for a thread or a process for each client. As root:', commands: raise[by] },
  };
}

function checkPendingSignals({ limits }: Facts, { maxClients }: Demand): Check {
  const name = 'pending signals';
  const limit = limits.pendingSignals;
  if (limit === undefined) return { name, verdict: 'unknown', found: 'this system does not tell' };
  const found = formatCount(limit.soft);
  if (limit.soft >= maxClients) return { name, verdict: 'ok', found };
  return {
    name,
    verdict: 'low',
    found,
    advice: {
      words: 'Only for the model sigio, which looks at every client when the queue has overflowed:',
      commands: [`ulimit -i ${Math.max(65_536, 2 * maxClients)}`],
    },
  };
}

/** Enough for a ring of 4,096 entries (64 bytes each) and 16,384 completions (16 bytes), which are 528 KiB with their indices. */
const RING_MEMORY = 2 ** 20;

function checkLockedMemory({ limits }: Facts): Check {
  const name = 'locked memory';
  const limit = limits.lockedMemory;
  if (limit === undefined) return { name, verdict: 'unknown', found: 'this system does not tell' };
  const found = formatBytes(limit.soft);
  if (limit.soft >= RING_MEMORY) return { name, verdict: 'ok', found };
  return {
    name,
    verdict: 'low',
    found,
    advice: {
      words: 'Only for the model uring, whose rings are locked memory before Linux 5.12:',
      commands: [`ulimit -l ${(8 * RING_MEMORY) / 1_024}`],
    },
  };
}
