/**
 * `ok`: enough. `low`: it works, for fewer clients than wanted. `missing`, `refused`, `old`: it cannot be used here. `unknown`: this
 * system does not report it.
 */
export type Verdict = 'ok' | 'low' | 'missing' | 'refused' | 'old' | 'unknown';

/** What to do about something, and the commands that do it. */
export type Advice = { readonly words: string; readonly commands: readonly string[] };

/** One thing that was looked at. */
export type Check = {
  readonly name: string;
  readonly verdict: Verdict;
  /** What was found, for a person. */
  readonly found: string;
  readonly advice?: Advice;
};

/** `10,000`, or `unlimited`. */
export function formatCount(number: number): string {
  return number === Number.POSITIVE_INFINITY ? 'unlimited' : number.toLocaleString('en-US');
}

/** `512 MiB`, `23.5 GiB`, or `unlimited`. */
export function formatBytes(bytes: number): string {
  if (bytes === Number.POSITIVE_INFINITY) return 'unlimited';
  const [size, unit] =
    bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : bytes >= 2 ** 20 ? [2 ** 20, 'MiB'] : [2 ** 10, 'KiB'];
  return `${Math.round((bytes / size) * 10) / 10} ${unit}`;
}
