/**
 * `npm run bench:files -- [ROUNDS] [MEGABYTES]`: what the file server costs, beside nginx,
 * beside the obvious `createReadStream`, and beside a bare loop. See ../README.md.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCommand } from '../../src/package-module.ts';
import { onCore, placeOnCores } from '../../src/runner/placement.ts';
import { runGenerator, startServer } from '../../src/runner/processes.ts';
import { measureRounds } from '../../src/runner/rounds.ts';
import { median, medianRatio } from '../../src/runner/statistics.ts';
import { exitOnSignals } from '../processes.ts';
import type { ClientResult, ClientTask, Exchange } from './client.ts';

/** What a client may take for one task. */
const CLIENT_TIMEOUT_MS = 120_000;
const [rounds, megabytes] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 1_024)];
const MB = 1_048_576;
const size = megabytes * MB;
const folder = mkdtempSync(join(tmpdir(), 'zocalo-files-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
exitOnSignals();

/** The programs of this folder that serve, and how they are called. */
const programs = { zocalo: 'zocalo', nginx: 'nginx', naive: 'createReadStream', bare: 'bare loop' };
type Program = keyof typeof programs;
type Task = ClientTask extends infer Each
  ? Each extends ClientTask
    ? Omit<Each, 'port' | 'pid'>
    : never
  : never;

/** What is asked of each server for the first so many bytes of the file, and how many bytes come at least. */
const raw = (bytes: number): Exchange => ({ text: `get_slice big 0 ${bytes} raw\r\n`, bytes });
const range = (bytes: number): Exchange => ({
  text: `GET /big HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-${bytes - 1}\r\n\r\n`,
  bytes,
});
const base64 = (bytes: number): Exchange => ({
  text: `get_slice big 0 ${bytes}\r\n`,
  bytes: 4 * Math.ceil(bytes / 3),
});
const bare = (bytes: number): Exchange => ({ text: `${bytes}\n`, bytes: 4 * Math.floor(bytes / 3) });
const whole = (ask: (bytes: number) => Exchange): Task => ({
  kind: 'whole',
  request: ask(size),
  warmUp: ask(size / 8),
});

type Workload = { readonly name: string; readonly tasks: Partial<Record<Program, Task>> };

const workloads = {
  raw: { name: 'raw', tasks: { zocalo: whole(raw), nginx: whole(range), naive: whole(raw) } },
  base64: { name: 'base64', tasks: { zocalo: whole(base64), bare: whole(bare) } },
  slices: {
    name: 'slices of 4 KiB, 50 clients',
    tasks: {
      zocalo: { kind: 'slices', clients: 50, size: 4_096, name: 'big', fileSize: size, seconds: 3 },
    },
  },
} satisfies Record<string, Workload>;

const { cores, note } = placeOnCores();
if (note !== undefined) console.log(`note: ${note}`);
writeFile();
const measurements = await measureRounds(
  {
    rounds,
    workloads: Object.values<Workload>(workloads),
    servers: Object.keys(programs) as Program[],
    applies: (program, { tasks }) => tasks[program] !== undefined,
  },
  async ({ round, workload: { name, tasks }, server: program }) => {
    const task = tasks[program] as Task;
    const result = await measure(program, task);
    const label = Object.keys(tasks).length === 1 ? name : `${name}, ${programs[program]}`;
    console.log(`[${round}/${rounds}] ${label.padEnd(28)} ${describe(result, task.kind === 'whole')}`);
    return result;
  },
);
report();

function writeFile(): void {
  const fd = openSync(join(folder, 'big'), 'w');
  for (let i = 0; i < megabytes; i++) writeSync(fd, randomBytes(MB));
  fsyncSync(fd);
  closeSync(fd);
}

async function measure(program: Program, task: Task): Promise<ClientResult> {
  const command = (name: string) => nodeCommand(join(import.meta.dirname, `${name}.ts`));
  const { port, pid, stop } = await startServer(onCore(cores?.server, [...command(program), folder]));
  try {
    const client = onCore(cores?.generator, command('client'));
    return await runGenerator<ClientResult>(client, { ...task, port, pid }, CLIENT_TIMEOUT_MS);
  } finally {
    await stop();
  }
}

function describe({ seconds, cpuSeconds, count }: ClientResult, whole: boolean): string {
  if (!whole)
    return `${(count / seconds).toFixed(0)} slices/s, ${((cpuSeconds / count) * 1e6).toFixed(1)} µs CPU a slice`;
  return `${(megabytes / seconds).toFixed(0)} MiB of file/s, ${(megabytes / cpuSeconds).toFixed(0)} MiB of file a CPU second`;
}

function report(): void {
  const of = (workload: Workload, program: Program) =>
    measurements.filter((each) => each.workload === workload && each.server === program);
  const ratio = (workload: Workload, other: Program, figure: (result: ClientResult) => number) =>
    medianRatio(of(workload, 'zocalo'), of(workload, other), figure) ?? Number.NaN;
  const speed = ({ seconds }: ClientResult) => 1 / seconds;
  const economy = ({ cpuSeconds }: ClientResult) => 1 / cpuSeconds;
  const { raw, base64 } = workloads;
  const slices = of(workloads.slices, 'zocalo').map(({ result }) => result);
  const lines: [string, number, number][] = [
    ['raw: speed, of nginx', ratio(raw, 'nginx', speed), 0.8],
    ['raw: bytes a CPU second, of nginx', ratio(raw, 'nginx', economy), Number.NaN],
    ['raw: bytes a CPU second, of createReadStream', ratio(raw, 'naive', economy), 3],
    ['base64: bytes of file a CPU second, of a bare loop', ratio(base64, 'bare', economy), 0.8],
    [
      'slices of 4 KiB a second, 50 clients',
      median(slices.map(({ count, seconds }) => count / seconds)),
      10_000,
    ],
    [
      'slices of 4 KiB a CPU second',
      median(slices.map(({ count, cpuSeconds }) => count / cpuSeconds)),
      Number.NaN,
    ],
  ];
  console.log(`\nMedians of ${rounds} rounds, with a file of ${megabytes} MiB:`);
  for (const [name, figure, target] of lines) {
    const shown = figure < 100 ? figure.toFixed(2) : figure.toFixed(0);
    const judged = Number.isNaN(target) ? '' : `  (target ${target}: ${figure >= target ? 'met' : 'missed'})`;
    console.log(`  ${name.padEnd(52)}${shown}${judged}`);
  }
}
