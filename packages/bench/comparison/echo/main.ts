/** `npm run bench`: measures zocalo beside an echo in C and one on bare node:net. See ../README.md. */
import { disturbances } from '../../src/report/disturbances.ts';
import { Progress } from '../../src/report/progress.ts';
import { duration } from '../../src/report/text.ts';
import { describeMachine, maxConnections } from '../../src/runner/machine.ts';
import { connections } from '../../src/runner/measure.ts';
import { placeOnCores } from '../../src/runner/placement.ts';
import { estimates, type Plan, runPlan } from '../../src/runner/plan.ts';
import { exitOnSignals } from '../processes.ts';
import { findCompiler } from './build.ts';
import { compare } from './cpu-ratios.ts';
import { type Options, readOptions, UsageError, usage } from './options.ts';
import { writeReport } from './report.ts';
import { readyServers } from './servers.ts';
import { renderTables } from './table.ts';
import { judge } from './targets.ts';
import { workload, workloads } from './workloads.ts';

exitOnSignals();

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(usage);
  else process.exitCode = await bench(options);
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function bench(options: Options): Promise<number> {
  if (process.platform !== 'linux')
    throw new Error('the benchmark reads /proc and uses epoll: it needs Linux');
  const date = new Date().toISOString();
  const notes: string[] = [];
  const compiler = findCompiler();
  const placement = placeOnCores();
  if (placement.note) notes.push(placement.note);

  const limit = maxConnections();
  const chosen = workloads.filter(({ name }) => options.workloads.includes(name));
  const plan: Plan = {
    servers: readyServers(options.servers, notes),
    workloads: chosen.map((each) => workload(each, options, limit)),
    rounds: options.rounds,
    placement,
    title: ({ round, workload, server }) => `round ${round}: ${workload.label}: ${server.label}`,
  };
  if (plan.servers.length === 0) throw new Error(`no server to measure: ${notes.join('; ')}`);
  const scaled = chosen
    .filter((each) => connections(workload(each, options, Number.POSITIVE_INFINITY).load) > limit)
    .map(({ name }) => name);
  if (scaled.length > 0) {
    notes.push(
      `the limit on open files leaves room for ${limit} connections: larger workloads are scaled down`,
    );
  }

  for (const note of notes) console.error(`note: ${note}`);
  const estimated = estimates(plan);
  const wholeSeconds = estimated.reduce((sum, each) => sum + each, 0);
  console.error(`measurements: ${estimated.length}, about ${duration(wholeSeconds)}`);
  const progress = new Progress(estimated);
  const measurements = await runPlan(plan, progress);
  progress.stop();

  const summary = compare(measurements);
  const targets = judge(summary.filter((each) => !scaled.includes(each.workload.name)));
  const results = measurements.map(({ result }) => result);
  notes.push(...disturbances(results));
  const { rounds, seconds, warmupSeconds, settleSeconds } = options;
  const path = writeReport(
    {
      date,
      machine: { ...describeMachine(), compiler: compiler?.version ?? null },
      cores: placement.cores,
      options: { rounds, seconds, warmupSeconds, settleSeconds },
      notes,
      targets: targets.map(({ target, figure, met }) => ({ target, figure, met })),
      summary,
      measurements,
    },
    options.out,
  );

  console.log(`\n${renderTables(summary, plan.workloads, plan.servers)}\n`);
  console.log(`Targets in this run:\n${targets.map(({ line }) => `  ${line}`).join('\n')}\n`);
  for (const note of notes) console.log(`note: ${note}`);
  console.log(`Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; written to ${path}`);
  return results.some(({ kind }) => kind === 'failure') ? 1 : 0;
}
