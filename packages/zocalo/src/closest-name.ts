/**
 * Which of the names that there are was probably meant by one that there is not; undefined when none is near enough. Capitals and the kind of
 * spelling (`max-clients`, `max_clients`) make no difference; otherwise one mistake in every three characters is forgiven.
 */
export function closestName(name: string, names: readonly string[]): string | undefined {
  const wanted = plain(name);
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const each of names) {
    const mistakes = editDistance(wanted, plain(each));
    if (mistakes < fewest && 3 * mistakes <= Math.max(wanted.length, each.length)) {
      best = each;
      fewest = mistakes;
    }
  }
  return best;
}

/** `; did you mean "maxClients"?`, or nothing when no name is near. */
export function didYouMean(name: string, names: readonly string[]): string {
  const closest = closestName(name, names);
  return closest === undefined ? '' : `; did you mean "${closest}"?`;
}

/** Longer names are not compared: they cannot be misspellings of an option. */
const MAX_LENGTH = 100;

/**
 * How many characters have to be left out, put in, replaced, or exchanged with their neighbours, to make one text of the other: the distance
 * of Damerau and Levenshtein, where no character is touched twice.
 */
export function editDistance(from: string, to: string): number {
  if (from.length > MAX_LENGTH || to.length > MAX_LENGTH) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (last[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const exchanged =
        from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? (before[j - 2] as number) + 1 : replaced;
      row[j] = Math.min(replaced, exchanged, (last[j] as number) + 1, (row[j - 1] as number) + 1);
    }
    before = last;
    last = row;
  }
  return last[to.length] as number;
}

function plain(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase();
}
