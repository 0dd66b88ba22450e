import { parseArgs } from 'node:util';
import { servers } from './servers.ts';
import { type Durations, workloads } from './workloads.ts';

export type Options = Durations & {
  rounds: number;
  servers: readonly string[];
  workloads: readonly string[];
  /** Where the results go; undefined: a new file under results/. */
  out: string | undefined;
};

/** The command line cannot be used; the message says why, in one line. */
export class UsageError extends Error {}

export const usage = `usage: npm run bench -- [options]

  --rounds N         rounds, in each of which every server has its turn (5)
  --seconds S        length of the measured window (3)
  --warmup S         load before the window, in which Node compiles what it runs often (3)
  --servers A,B      only these: ${servers.map(({ name }) => name).join(', ')}
  --workloads A,B    only these: ${workloads.map(({ name }) => name).join(', ')}
  --quick            one round with a window of one second: to see that all runs, not for figures
  --out FILE         where to write the results (a new file under packages/bench/comparison/results/)
  --help             this text
`;

/** The options of a command line, or 'help'; throws {@link UsageError}. */
export function readOptions(commandLine: readonly string[]): Options | 'help' {
  const given = parse(commandLine);
  if (given.help) return 'help';
  const quick = given.quick === true;
  return {
    rounds: wholeNumber('--rounds', given.rounds ?? (quick ? '1' : '5')),
    seconds: duration('--seconds', given.seconds ?? (quick ? '1' : '3'), 0.1),
    warmupSeconds: duration('--warmup', given.warmup ?? (quick ? '0.5' : '3'), 0),
    settleSeconds: quick ? 1 : 2,
    servers: selection('--servers', given.servers, servers),
    workloads: selection('--workloads', given.workloads, workloads),
    out: given.out,
  };
}

function parse(commandLine: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...commandLine],
      options: {
        rounds: text,
        seconds: text,
        warmup: text,
        servers: text,
        workloads: text,
        quick: flag,
        out: text,
        help: flag,
      },
    }).values;
  } catch (error) {
    // parseArgs explains itself in its first sentence; the rest is about escaping.
    throw new UsageError((error as Error).message.split(/\. |\n/)[0]);
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) {
    throw new UsageError(`${option} takes a whole number from 1 to 9999, not "${text}"`);
  }
  return Number(text);
}

function duration(option: string, text: string, least: number): number {
  const seconds = text.trim() === '' ? Number.NaN : Number(text);
  if (!(seconds >= least && seconds <= 600)) {
    throw new UsageError(`${option} takes a number of seconds from ${least} to 600, not "${text}"`);
  }
  return seconds;
}

/** The chosen names in the order of the list: the order of the command line has no meaning. */
function selection(option: string, text: string | undefined, list: readonly { name: string }[]): string[] {
  const known = list.map(({ name }) => name);
  if (text === undefined) return known;
  const chosen = new Set(text.split(',').map((name) => name.trim()));
  for (const name of chosen) {
    if (!known.includes(name))
      throw new UsageError(`${option} has no "${name}"; there are: ${known.join(', ')}`);
  }
  return known.filter((name) => chosen.has(name));
}
