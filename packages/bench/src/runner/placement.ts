import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Cores } from '../load/task.ts';

/** Which cores the server and the generator are confined to; null, with the reason: the scheduler decides. */
export type Placement = { cores: Cores | null; note: string | undefined };

/** A core each for server and generator, so that neither takes the other's time: the first two that we may use. */
export function placeOnCores(): Placement {
  const [server, generator] = permittedCores();
  if (server === undefined || generator === undefined) {
    return { cores: null, note: 'only one core: server and generator share it, so throughput says little' };
  }
  if (spawnSync('taskset', ['-c', String(server), 'true'], { timeout: 10_000 }).status !== 0) {
    return {
      cores: null,
      note: 'no usable taskset: processes are not pinned to cores, so figures vary more',
    };
  }
  return { cores: { server, generator }, note: undefined };
}

/** A command confined to a core. taskset becomes the program, so the process id is the program's own. */
export function onCore(core: number | undefined, command: readonly string[]): readonly string[] {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command];
}

/** From a list such as `0-3,8`. */
function permittedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'latin1');
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first, last] = range.split('-').map(Number) as [number, number?];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => first + i);
  });
}
