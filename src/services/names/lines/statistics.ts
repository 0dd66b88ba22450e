import type { House } from '../../../protocol/client.ts';

/** What the service has counted, and who is in and waits, as lines `STAT name value` and an empty line; times are in milliseconds. */
export function statisticsLines(counted: Readonly<Record<string, number>>, house: House): string {
  const { waitP50, waitP99, longestWait, overtakings, heldBack, refused, closed } = house.stats() ?? {};
  const figures: Readonly<Record<string, number | undefined>> = {
    ...counted,
    active: house.activeClients,
    waiting: house.waitingClients,
    waitP50,
    waitP99,
    longestWait,
    overtakings,
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
