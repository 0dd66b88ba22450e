import { type EchoFigures, echoFigures } from './echo-figures.ts';
import type { Crowd, Sample, SweepName } from './sweep.ts';

/** One model with one crowd over all rounds. */
export type SweepSummary = Crowd & {
  readonly sweep: SweepName;
  readonly model: string;
  /** How many rounds gave a result. */
  readonly rounds: number;
  /** The medians of those rounds; undefined when there was none. */
  readonly figures: EchoFigures | undefined;
  /** Why the others gave none, each reason once. */
  readonly failures: readonly string[];
};

export function summarizeSweeps(samples: readonly Sample[]): SweepSummary[] {
  const groups = Map.groupBy(samples, ({ sweep, model, active, idle }) =>
    [sweep, model, active, idle].join(' '),
  );
  return [...groups.values()].map((group) => {
    const { sweep, model, active, idle } = group[0] as Sample;
    const results = group.map(({ result }) => result);
    const echoes = results.filter((result) => result.kind === 'echo');
    const reasons = results.filter((result) => result.kind === 'failure').map(({ reason }) => reason);
    return {
      sweep,
      model,
      active,
      idle,
      rounds: echoes.length,
      figures: echoes.length === 0 ? undefined : echoFigures(echoes),
      failures: [...new Set(reasons)],
    };
  });
}

/** Above this part of its core, the generator and not the server decides how many messages there are. */
const GENERATOR_FULL = 0.95;

/** What somebody who reads the figures must know of how they came about. */
export function sweepNotes(summaries: readonly SweepSummary[]): string[] {
  const notes: string[] = [];
  for (const [model, all] of Map.groupBy(summaries, (summary) => summary.model)) {
    const failed = all.filter(({ failures }) => failures.length > 0);
    if (failed.length === 0) continue;
    const where = failed
      .map(
        ({ active, idle, rounds }) =>
          `${active} active and ${idle} idle${rounds > 0 ? ' (some rounds)' : ''}`,
      )
      .join(', ');
    const reasons = new Set(failed.flatMap(({ failures }) => failures));
    notes.push(`${model} failed with ${where}: ${[...reasons].join('; ')}`);
  }
  for (const [model, limited] of limitedByGenerator(summaries)) {
    const counts = [...new Set(limited.map(({ active }) => active))].toSorted((a, b) => a - b).join(', ');
    notes.push(
      `${model} with ${counts} active: the load generator was at its limit, the server could do more`,
    );
  }
  return notes;
}

/** Where the generator and not the server decided how many messages there were, by model. */
export function limitedByGenerator(summaries: readonly SweepSummary[]): Map<string, SweepSummary[]> {
  const limited = summaries.filter(({ figures }) => (figures?.generatorBusy ?? 0) > GENERATOR_FULL);
  return Map.groupBy(limited, ({ model }) => model);
}
