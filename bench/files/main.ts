/**
 * `node bench/files/main.ts [ROUNDS] [MEGABYTES]`: what the file server costs, beside nginx, beside what people write first, and beside a
 * bare loop. See ../README.md.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onCore, placeOnCores } from '../../src/measure/cores.ts';
import { median } from '../../src/measure/median.ts';
import { startServer } from '../../src/measure/processes.ts';
import type { ClientResult, ClientTask, Exchange } from './client.ts';

const [rounds, megabytes] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 1_024)];
const MB = 1_048_576;
const size = megabytes * MB;
const folder = mkdtempSync(join(tmpdir(), 'zocalo-files-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

type Program = 'zocalo' | 'naive' | 'nginx' | 'bare';
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

const workloads: { name: string; program: Program; task: Task }[] = [
  { name: 'raw, zocalo', program: 'zocalo', task: whole(raw) },
  { name: 'raw, nginx', program: 'nginx', task: whole(range) },
  { name: 'raw, createReadStream', program: 'naive', task: whole(raw) },
  { name: 'base64, zocalo', program: 'zocalo', task: whole(base64) },
  { name: 'base64, bare loop', program: 'bare', task: whole(bare) },
  {
    name: 'slices of 4 KiB, 50 clients',
    program: 'zocalo',
    task: { kind: 'slices', clients: 50, size: 4_096, name: 'big', fileSize: size, seconds: 3 },
  },
];

const { cores, note } = placeOnCores();
if (note !== undefined) console.log(`note: ${note}`);
writeFile();
const results = new Map<string, ClientResult[]>();
for (let round = 1; round <= rounds; round++) {
  for (const { name, program, task } of workloads) {
    const result = await measure(program, task);
    results.set(name, [...(results.get(name) ?? []), result]);
    console.log(`[${round}/${rounds}] ${name.padEnd(28)} ${words(result, task.kind === 'whole')}`);
  }
}
report();

function writeFile(): void {
  const fd = openSync(join(folder, 'big'), 'w');
  for (let i = 0; i < megabytes; i++) writeSync(fd, randomBytes(MB));
  fsyncSync(fd);
  closeSync(fd);
}

async function measure(program: Program, task: Task): Promise<ClientResult> {
  const command = [process.execPath, join(import.meta.dirname, `${program}.ts`), folder];
  const { port, pid, stop } = await startServer(onCore(cores?.server, command));
  try {
    const client = onCore(cores?.generator, [process.execPath, join(import.meta.dirname, 'client.ts')]);
    const [head = '', ...args] = [...client, JSON.stringify({ ...task, port, pid })];
    const { stdout, stderr, status } = spawnSync(head, args, { encoding: 'utf8', timeout: 120_000 });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
    return JSON.parse(stdout) as ClientResult;
  } finally {
    await stop();
  }
}

function words({ seconds, cpu, count }: ClientResult, whole: boolean): string {
  if (!whole)
    return `${(count / seconds).toFixed(0)} slices/s, ${((cpu / count) * 1e6).toFixed(1)} µs CPU a slice`;
  return `${(megabytes / seconds).toFixed(0)} MiB of file/s, ${(megabytes / cpu).toFixed(0)} MiB of file a CPU second`;
}

function report(): void {
  /** The median over the rounds of a ratio within each. */
  const ratio = (one: string, other: string, figure: (result: ClientResult) => number) => {
    const ones = results.get(one) ?? [];
    return median(
      ones.map((each, i) => figure(each) / figure((results.get(other) ?? [])[i] as ClientResult)),
    );
  };
  const speed = ({ seconds }: ClientResult) => 1 / seconds;
  const thrift = ({ cpu }: ClientResult) => 1 / cpu;
  const slices = results.get('slices of 4 KiB, 50 clients') ?? [];
  const lines: [string, number, number][] = [
    ['raw: speed, of nginx', ratio('raw, zocalo', 'raw, nginx', speed), 0.8],
    ['raw: bytes a CPU second, of nginx', ratio('raw, zocalo', 'raw, nginx', thrift), Number.NaN],
    [
      'raw: bytes a CPU second, of createReadStream',
      ratio('raw, zocalo', 'raw, createReadStream', thrift),
      3,
    ],
    [
      'base64: bytes of file a CPU second, of a bare loop',
      ratio('base64, zocalo', 'base64, bare loop', thrift),
      0.8,
    ],
    [
      'slices of 4 KiB a second, 50 clients',
      median(slices.map(({ count, seconds }) => count / seconds)),
      10_000,
    ],
    ['slices of 4 KiB a CPU second', median(slices.map(({ count, cpu }) => count / cpu)), Number.NaN],
  ];
  console.log(`\nMedians of ${rounds} rounds, with a file of ${megabytes} MiB:`);
  for (const [name, figure, target] of lines) {
    const shown = figure < 100 ? figure.toFixed(2) : figure.toFixed(0);
    const judged = Number.isNaN(target) ? '' : `  (target ${target}: ${figure >= target ? 'met' : 'missed'})`;
    console.log(`  ${name.padEnd(52)}${shown}${judged}`);
  }
}
