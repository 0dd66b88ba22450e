import type { LoadResult } from '../load/task.ts';
import { percent } from './text.ts';

/** The part of a core that others may use without a note. */
const NOTABLE_PART = 0.05;

/** The windows in which something else used the two cores, by the larger part it took of one; and how many windows there are. */
function disturbed(results: readonly LoadResult[]): { parts: number[]; windows: number } {
  const taken = results.flatMap((result) =>
    result.kind === 'echo' && result.takenByOthers ? [Math.max(...Object.values(result.takenByOthers))] : [],
  );
  return { parts: taken.filter((part) => part > NOTABLE_PART), windows: taken.length };
}

/** Whether something else used the cores in most windows: then the fastest server may have had luck. */
export function mostlyDisturbed(results: readonly LoadResult[]): boolean {
  const { parts, windows } = disturbed(results);
  return parts.length > windows / 2;
}

/** Whether something else used the two cores: figures of such a run deserve less trust. One note, or none. */
export function disturbances(results: readonly LoadResult[]): string[] {
  const { parts, windows } = disturbed(results);
  if (parts.length === 0) return [];
  return [
    `something else was running: in ${parts.length} of ${windows} windows it took more than ` +
      `${percent(NOTABLE_PART)} of the server's or the generator's core, ${percent(Math.max(...parts))} at worst`,
  ];
}
