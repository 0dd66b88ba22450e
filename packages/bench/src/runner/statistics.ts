/** The middle value; of an even number of values, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] as number)) / 2;
}

/** The value below or at which the given part (0 to 1) of the values lies (nearest rank); NaN of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(sorted.length * part)) - 1] ?? Number.NaN;
}

/** A figure of one round. */
type Rounded<Result> = { readonly round: number; readonly result: Result };

/**
 * The median over the rounds of the ratio of two figures in the same round, so that what else the machine did meanwhile
 * is in both; undefined when no round has both.
 */
export function medianRatio<Result>(
  ones: readonly Rounded<Result>[],
  others: readonly Rounded<Result>[],
  figure: (result: Result) => number | undefined,
): number | undefined {
  const ratios = ones.flatMap(({ round, result }) => {
    const other = others.find((each) => each.round === round);
    const above = figure(result);
    const below = other === undefined ? undefined : figure(other.result);
    return above === undefined || below === undefined ? [] : [above / below];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}
