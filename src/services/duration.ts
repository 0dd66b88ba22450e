const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
/** The longest duration but none, in milliseconds: a timer cannot hold 2^31. */
const LONGEST = 596 * units.h;

/** `500ms`, `1.5s`, `5m`, `1h` in milliseconds, `none` as Infinity; a bare number has no unit and is none of them. */
export function parseDuration(text: string): number | undefined {
  if (text === 'none') return Number.POSITIVE_INFINITY;
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (parts === null) return undefined;
  const duration = Number(parts[1]) * units[parts[2] as keyof typeof units];
  return duration > 0 && duration <= LONGEST ? duration : undefined;
}

/** A duration as it would be written on the command line. */
export function formatDuration(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'none';
  for (const unit of ['h', 'm', 's'] as const)
    if (ms % units[unit] === 0) return `${ms / units[unit]}${unit}`;
  return `${ms}ms`;
}
