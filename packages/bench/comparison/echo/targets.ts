import { bytes, ratio } from '../../src/report/text.ts';
import type { ComparedSummary } from './cpu-ratios.ts';

/** What the project sets out to reach. A target is judged by the median of the run, whatever it is. */
type Target = {
  text: string;
  server: string;
  workload: string;
  limit: number;
  figure: (summary: ComparedSummary) => number | undefined;
  format: (figure: number) => string;
};

const cpuAgainst = (
  workload: string,
  label: string,
  baseline: string,
  name: string,
  limit: number,
  server = 'epoll',
): Target => ({
  text: `${server}, ${label}: CPU a message at most ${limit} × ${name}`,
  server,
  workload,
  limit,
  figure: (summary) => summary.cpuRatios[baseline],
  format: ratio,
});

const targets: readonly Target[] = [
  cpuAgainst('fifty', '50 clients, 64 bytes', 'c', 'C', 1.1),
  cpuAgainst('many', '500 clients, 64 bytes', 'c', 'C', 1.1),
  cpuAgainst('fifty', '50 clients, 64 bytes', 'c', 'C', 1, 'uring'),
  cpuAgainst('many', '500 clients, 64 bytes', 'c', 'C', 1, 'uring'),
  cpuAgainst('many', '500 clients, 64 bytes', 'node-net', 'node:net', 0.75),
  cpuAgainst('large', '20 clients, 16 KiB', 'c', 'C', 1.2),
  cpuAgainst('large', '20 clients, 16 KiB', 'node-net', 'node:net', 0.8),
  ...['epoll-lines', 'uring-lines'].flatMap((server) => [
    cpuAgainst(
      'pipelined',
      '50 clients, 16 lines of 64 bytes in flight',
      'c-lines',
      'C by lines',
      1.5,
      server,
    ),
    cpuAgainst('large', '20 clients, lines of 16 KiB', 'c-lines', 'C by lines', 1.2, server),
  ]),
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

export function judge(summaries: readonly ComparedSummary[]): Verdict[] {
  return targets.map(({ text, server, workload, limit, figure, format }) => {
    const summary = summaries.find((each) => each.server.name === server && each.workload.name === workload);
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
