import { echoFiguresOf } from '../runner/summary.ts';
import type { SweepSummary } from './sweep.ts';

/** Above this part of its core, the generator and not the server decides how many messages there are. */
const GENERATOR_FULL = 0.95;

/** What a reader of the figures must know about the measurements. */
export function sweepNotes(summaries: readonly SweepSummary[]): string[] {
  const notes: string[] = [];
  for (const [model, all] of Map.groupBy(summaries, ({ server }) => server.name)) {
    const failed = all.filter(({ failures }) => failures.length > 0);
    if (failed.length === 0) continue;
    const where = failed
      .map(
        ({ workload: { active, idle }, rounds }) =>
          `${active} active and ${idle} idle${rounds > 0 ? ' (some rounds)' : ''}`,
      )
      .join(', ');
    const reasons = new Set(failed.flatMap(({ failures }) => failures));
    notes.push(`${model} failed with ${where}: ${[...reasons].join('; ')}`);
  }
  for (const [model, limited] of limitedByGenerator(summaries)) {
    const counts = [...new Set(limited.map(({ workload }) => workload.active))]
      .toSorted((a, b) => a - b)
      .join(', ');
    notes.push(
      `${model} with ${counts} active: the load generator was at its limit, the server could do more`,
    );
  }
  return notes;
}

/** Where the generator and not the server decided how many messages there were, by model. */
export function limitedByGenerator(summaries: readonly SweepSummary[]): Map<string, SweepSummary[]> {
  const limited = summaries.filter(
    (summary) => (echoFiguresOf(summary)?.generatorBusy ?? 0) > GENERATOR_FULL,
  );
  return Map.groupBy(limited, ({ server }) => server.name);
}
