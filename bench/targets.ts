import { bytes, ratio } from '../src/measure/format.ts';
import type { Summary } from './summary.ts';

/** What the project sets out to reach. A target is judged by the median of the run, whatever it is. */
type Target = {
  text: string;
  server: string;
  workload: string;
  limit: number;
  figure: (summary: Summary) => number | undefined;
  format: (figure: number) => string;
};

const cpuAgainst = (
  workload: string,
  label: string,
  baseline: string,
  name: string,
  limit: number,
): Target => ({
  text: `epoll, ${label}: CPU a message at most ${limit} × ${name}`,
  server: 'epoll',
  workload,
  limit,
  figure: (summary) => summary.cpuRatios[baseline],
  format: ratio,
});

const targets: readonly Target[] = [
  cpuAgainst('many', '500 clients, 64 bytes', 'c', 'C', 1.15),
  cpuAgainst('many', '500 clients, 64 bytes', 'node-net', 'node:net', 0.75),
  cpuAgainst('large', '20 clients, 16 KiB', 'c', 'C', 1.2),
  cpuAgainst('large', '20 clients, 16 KiB', 'node-net', 'node:net', 0.8),
  {
    text: 'epoll: at most 1,500 bytes an idle client',
    server: 'epoll',
    workload: 'idle',
    limit: 1500,
    figure: ({ figures }) => (figures?.kind === 'idle' ? figures.bytesPerClient : undefined),
    format: bytes,
  },
];

export type Verdict = { target: string; figure: number | null; met: boolean | null; line: string };

export function judge(summaries: readonly Summary[]): Verdict[] {
  return targets.map(({ text, server, workload, limit, figure, format }) => {
    const summary = summaries.find((s) => s.server === server && s.workload === workload);
    const value = summary === undefined ? undefined : figure(summary);
    if (value === undefined) return { target: text, figure: null, met: null, line: `not measured  ${text}` };
    const met = value <= limit;
    return {
      target: text,
      figure: value,
      met,
      line: `${met ? 'met    ' : 'not met'}       ${text}: ${format(value)}`,
    };
  });
}
