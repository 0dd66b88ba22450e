import { percent } from './format.ts';
import { median } from './median.ts';
import type { EchoResult, LoadResult } from './task.ts';

/** What the rounds of one measurement come to. */
export type EchoFigures = Omit<EchoResult, 'messages' | 'seconds' | 'takenByOthers'>;

/** The median of each figure by itself. */
export function echoFigures(results: readonly EchoResult[]): EchoFigures {
  const of = (pick: (result: EchoResult) => number): number => median(results.map(pick));
  return {
    kind: 'echo',
    messagesPerSecond: of((result) => result.messagesPerSecond),
    cpuMicrosPerMessage: {
      user: of((result) => result.cpuMicrosPerMessage.user),
      system: of((result) => result.cpuMicrosPerMessage.system),
      total: of((result) => result.cpuMicrosPerMessage.total),
    },
    latencyMicros: {
      p50: of((result) => result.latencyMicros.p50),
      p99: of((result) => result.latencyMicros.p99),
    },
    serverBusy: of((result) => result.serverBusy),
    generatorBusy: of((result) => result.generatorBusy),
    serverWaited: of((result) => result.serverWaited),
  };
}

/** The part of a core that others may use without a word about it. */
const NOTABLE_PART = 0.05;

/** In which windows something else used the two cores, by the larger part it took of one of them; and how many windows there are. */
function disturbed(results: readonly LoadResult[]): { parts: number[]; windows: number } {
  const taken = results.flatMap((result) =>
    result.kind === 'echo' && result.takenByOthers ? [Math.max(...Object.values(result.takenByOthers))] : [],
  );
  return { parts: taken.filter((part) => part > NOTABLE_PART), windows: taken.length };
}

/** Whether something else used the cores in most windows: then who was measured faster may have been lucky. */
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
