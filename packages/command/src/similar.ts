import type { SettingType } from 'zocalo/service';

/** ` (did you mean max-clients?)`, for a word that is close to one that there is; otherwise nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const distances = known.map((each) => ({ each, distance: editDistance(plain(word), plain(each)) }));
  const [nearest] = distances.sort((a, b) => a.distance - b.distance);
  // A third of the letters may be wrong, as of `epol` and `ehco`.
  const close = nearest !== undefined && nearest.distance <= Math.ceil(nearest.each.length / 3);
  return close ? ` (did you mean ${nearest.each}?)` : '';
}

/** The same for the choices of a setting. */
export function similarChoice(type: SettingType, text: string): string {
  return type.kind === 'choice' ? didYouMean(text, type.of) : '';
}

/** How many letters have to be added, removed or changed, or neighbours exchanged (Damerau, Levenshtein). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchange = swapped ? at(i - 2, j - 2) + 1 : change;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change, exchange));
    }
  }
  return at(a.length, b.length);
}
