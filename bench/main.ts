/** `npm run bench`: measures zocalo beside an echo in C and one on bare node:net. See README.md. */
import { placeOnCores } from '../src/measure/cores.ts';
import { disturbances } from '../src/measure/echo-figures.ts';
import { span } from '../src/measure/format.ts';
import { describeMachine, mostConnections } from '../src/measure/machine.ts';
import { Progress } from '../src/measure/progress.ts';
import { type Compiler, compile, findCompiler } from './compile.ts';
import { gitCommit } from './git-commit.ts';
import { type Options, readOptions, UsageError, usage } from './options.ts';
import { writeReport } from './report.ts';
import { estimates, type Plan, runRounds } from './rounds.ts';
import { type Server, servers } from './servers.ts';
import { summarize } from './summary.ts';
import { renderTables } from './table.ts';
import { judge } from './targets.ts';
import { connections, within, workloads } from './workloads.ts';

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => process.exit(status));
}

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

  const most = mostConnections();
  const plan: Plan = {
    servers: readyServers(options.servers, compiler, notes),
    workloads: workloads
      .filter(({ name }) => options.workloads.includes(name))
      .map((workload) => within(workload, most)),
    options,
    placement,
  };
  if (plan.servers.length === 0) throw new Error(`no server to measure: ${notes.join('; ')}`);
  const scaled = workloads.filter((workload) => connections(workload) > most).map(({ name }) => name);
  if (plan.workloads.some(({ name }) => scaled.includes(name))) {
    notes.push(
      `the limit on open files leaves room for ${most} connections: larger workloads are scaled down`,
    );
  }

  for (const note of notes) console.error(`note: ${note}`);
  const seconds = estimates(plan);
  const whole = seconds.reduce((sum, each) => sum + each, 0);
  console.error(`measurements: ${seconds.length}, about ${span(whole)}`);
  const measurements = await runRounds(plan, new Progress(seconds));

  const summary = summarize(measurements);
  const targets = judge(summary.filter(({ workload }) => !scaled.includes(workload)));
  notes.push(...disturbances(measurements.map(({ result }) => result)));
  const path = writeReport(
    {
      date,
      commit: gitCommit(),
      machine: { ...describeMachine(), compiler: compiler?.version ?? null },
      cores: placement.cores,
      options: {
        rounds: options.rounds,
        seconds: options.seconds,
        warmupSeconds: options.warmupSeconds,
        settleSeconds: options.settleSeconds,
      },
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
  console.log(
    `Medians of ${options.rounds} ${options.rounds === 1 ? 'round' : 'rounds'}; written to ${path}`,
  );
  return measurements.some(({ result }) => result.kind === 'failure') ? 1 : 0;
}

/** The chosen servers, compiled where they must be; one that cannot be for lack of a compiler is left out. */
function readyServers(names: readonly string[], compiler: Compiler | undefined, notes: string[]): Server[] {
  return servers.filter(({ name, label, source, command }) => {
    if (!names.includes(name)) return false;
    if (source === undefined) return true;
    if (compiler === undefined) {
      notes.push(`no C compiler: "${label}" is left out, and the comparisons with it`);
      return false;
    }
    compile(compiler, source, command[0] as string);
    return true;
  });
}
