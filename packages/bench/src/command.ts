import { mkdirSync, rmdirSync } from 'node:fs';
import { relative } from 'node:path';
import { FAILED, Failure, INTERRUPTED, OK, similarChoice, UsageError } from '@zocalo/command';
import { expected, parseText } from '@zocalo/command/settings';
import { StopSignals } from '@zocalo/command/signals';
import { type Command, Option } from 'commander';
import { type Model, models } from 'zocalo';
import { type Isolation, isolations } from 'zocalo/internal';
import type { SettingType } from 'zocalo/service';
import { modelConfig } from './sweep/model-server.ts';
import { type Outcome, runSweeps, type SweepRequest } from './sweep/run.ts';
import type { Sweep } from './sweep/sweep.ts';

const epilogue = `
idle: what a message costs the server in CPU time, as more and more clients are
connected that say nothing. active: how many messages a second there are, as
more and more clients ask at once. Without either, both are measured.

Each measurement has a fresh server and a fresh load generator, each on a core
of its own where there are two and taskset (util-linux) is there. A client sends
and waits until every byte is back, again and again. Within a round the models
take turns; a figure is the median of the rounds. A model that cannot serve so
many clients by its nature is left out there, and the tables say so.

The tables go to stdout, the progress to stderr. In the directory are then
results.json with every figure and the machine, and the charts idle.svg and
active.svg. Nothing else should run meanwhile. It needs Linux.

The exit status is 0, or 1 when a measurement failed, or 130 after Ctrl-C.

Examples:
  zocalo bench
  zocalo bench idle --models select,poll,epoll --rounds 5
  zocalo bench active --clients 1,10,100 --bytes 16384 --seconds 3
  zocalo bench active --models epoll,uring --workers 2 --isolation process`;

type Flag = {
  readonly name: string;
  readonly placeholder: string;
  readonly help: string;
  /** The default, as the help shows it. */
  readonly default: string;
  /** Undefined for a text that cannot be used. */
  readonly parse: (text: string) => unknown;
  /** What it must be, as the text after "must be". */
  readonly expected: string;
  /** What was meant by a text that cannot be used, if that is known. */
  readonly hint?: (text: string) => string;
};

const CLIENTS = '1,2,5,10,20,50,100,200,500';
const IDLE = '0,100,1000,2500,5000,10000';
const whole = (least: number, most?: number): SettingType =>
  most === undefined ? { kind: 'whole', least } : { kind: 'whole', least, most };

const flags: readonly Flag[] = [
  list('models', 'names', { kind: 'choice', of: models }, `of ${models.join(', ')}`, 'all'),
  list('clients', 'counts', whole(1), 'active clients, when their number grows', CLIENTS),
  list('idle', 'counts', whole(0), 'idle clients, when their number grows', IDLE),
  single('active', 'n', whole(1), 'active clients beside the idle ones', '10'),
  single('bytes', 'n', whole(1, 1_048_576), 'the size of a message', '64'),
  {
    name: 'seconds',
    placeholder: 's',
    help: 'how long each measurement lasts, after the warm-up',
    default: '1',
    parse: parseSeconds,
    expected: 'a number of seconds from 0.1 to 600',
  },
  single('rounds', 'n', whole(1, 99), 'how often everything is measured', '3'),
  single('workers', 'n', whole(1, 256), 'workers, of models that can have several', '10 in pools, else 1'),
  single('isolation', 'kind', { kind: 'choice', of: isolations }, 'where these workers run', 'thread'),
  single('out', 'directory', { kind: 'text' }, 'where the results go', 'zocalo-bench-<time>'),
];

type Given = {
  models?: Model[];
  clients?: number[];
  idle?: number[];
  active?: number;
  bytes?: number;
  seconds?: number;
  rounds?: number;
  workers?: number;
  isolation?: Isolation;
  out?: string;
};

/** `zocalo bench`. */
export function define(command: Command): void {
  command
    .description('Measure the concurrency models against each other.')
    .argument('[what]', 'what grows: idle or active clients; both by default');
  for (const { name, placeholder, help, default: value, parse, expected, hint } of flags) {
    const option = new Option(`--${name} <${placeholder}>`, `${help} (default: ${value})`);
    command.addOption(
      option.argParser((text: string) => {
        const parsed = parse(text);
        if (parsed !== undefined) return parsed;
        throw new UsageError(`--${name} must be ${expected}, not "${text}"${hint?.(text) ?? ''}`);
      }),
    );
  }
  command.addHelpText('after', epilogue).action(async (what?: string) => {
    const given: Given = command.opts();
    process.exit(await run(sweepRequest(what, given), given.out));
  });
}

/** @throws UsageError for what cannot be measured */
function sweepRequest(what: string | undefined, given: Given): SweepRequest {
  const { workers, isolation, active = 10, bytes = 64, seconds = 1, rounds = 3 } = given;
  if (isolation !== undefined && workers === undefined) throw new UsageError('--isolation needs --workers');
  const sweeps: Sweep[] = [
    { name: 'idle', points: ascending(given.idle, IDLE).map((idle) => ({ active, idle })) },
    {
      name: 'active',
      points: ascending(given.clients, CLIENTS).map((count) => ({ active: count, idle: 0 })),
    },
  ];
  const chosen = sweeps.filter(({ name }) => what === undefined || what === name);
  if (chosen.length === 0)
    throw new UsageError(`"${what}" cannot be measured; give idle, active, or neither`);
  const chosenModels = models
    .filter((model) => given.models?.includes(model) ?? true)
    .map((model) => modelConfig(model, workers, isolation));
  return { sweeps: chosen, models: chosenModels, bytes, seconds, rounds };
}

async function run(request: SweepRequest, out: string | undefined): Promise<number> {
  if (process.platform !== 'linux') throw new Failure('measuring needs Linux: CPU times come from /proc');
  const date = new Date().toISOString();
  const directory = out ?? `zocalo-bench-${date.slice(0, 19).replaceAll(':', '-')}`;
  // Before all the work, not after.
  const made = makeDirectory(directory);
  const abort = new AbortController();
  const signals = new StopSignals();
  void signals.first.then(() => abort.abort());
  void signals.second.then(() => process.exit(INTERRUPTED));
  const notify = (message: string) => process.stderr.write(`zocalo: ${message}\n`);
  try {
    const outcome = await runSweeps(request, { directory, date, notify, signal: abort.signal });
    print(outcome);
    return outcome.failed ? FAILED : OK;
  } catch (error) {
    if (made) rmdirSync(directory);
    if (!abort.signal.aborted) throw error;
    notify('interrupted; nothing was written');
    return INTERRUPTED;
  }
}

/** @returns whether it was not there */
function makeDirectory(directory: string): boolean {
  try {
    return mkdirSync(directory, { recursive: true }) !== undefined;
  } catch (error) {
    throw new Failure(`cannot write to ${directory}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function print({ tables, notes, files }: Outcome): void {
  const near = (path: string) => {
    const here = relative(process.cwd(), path);
    return here.startsWith('..') ? path : here;
  };
  const paragraphs = [...tables, notes.map((note) => `note: ${note}`).join('\n'), files.map(near).join('\n')];
  process.stdout.write(`${paragraphs.filter((each) => each !== '').join('\n\n')}\n`);
}

function single(name: string, placeholder: string, type: SettingType, help: string, value: string): Flag {
  const parse = (text: string) => parseText(type, text);
  const hint = (text: string) => similarChoice(type, text);
  return { name, placeholder, help, default: value, parse, expected: expected(type), hint };
}

function list(name: string, placeholder: string, type: SettingType, help: string, value: string): Flag {
  const parse = (text: string) => {
    const values = text.split(',').map((each) => parseText(type, each.trim()));
    return values.includes(undefined) ? undefined : values;
  };
  const several = `${expected(type)}, or several with commas between`;
  const hint = (text: string) => {
    const parts = text.split(',').map((each) => each.trim());
    return similarChoice(type, parts.find((each) => parseText(type, each) === undefined) ?? '');
  };
  return { name, placeholder, help, default: value, parse, expected: several, hint };
}

function parseSeconds(text: string): number | undefined {
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  return seconds >= 0.1 && seconds <= 600 ? seconds : undefined;
}

/** Counts, each once. */
function ascending(counts: readonly number[] | undefined, otherwise: string): number[] {
  return [...new Set(counts ?? otherwise.split(',').map(Number))].sort((a, b) => a - b);
}
