import type { ServerInfo } from 'zocalo';

/** The counters of the service, and how many clients are served and wait, as lines `STAT name value` and an empty line; times are in milliseconds. */
export function statisticsLines(counted: Readonly<Record<string, number>>, server: ServerInfo): string {
  const { waitP50Ms, waitP99Ms, longestWaitMs, reordered, heldBack, refused, closed } = server.stats() ?? {};
  const figures: Readonly<Record<string, number | undefined>> = {
    ...counted,
    active: server.activeClients,
    waiting: server.waitingClients,
    waitP50Ms,
    waitP99Ms,
    longestWaitMs,
    reordered,
    heldBack,
    ...prefixed('refused', refused),
    ...prefixed('closed', closed),
  };
  const lines = Object.entries(figures).filter(([, value]) => value !== undefined);
  return `${lines.map(([name, value]) => `STAT ${name} ${rounded(value)}\n`).join('')}\n`;
}

/** Those that have happened at all. */
function prefixed(prefix: string, counts: Readonly<Record<string, number>> = {}): Record<string, number> {
  const happened = Object.entries(counts).filter(([, count]) => count > 0);
  return Object.fromEntries(happened.map(([name, count]) => [`${prefix}.${name}`, count]));
}

function rounded(value = 0): number {
  return Math.round(value * 100) / 100;
}
