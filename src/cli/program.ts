import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { OptionError, ZocaloError } from '../errors.ts';
import { FAILED, Failure, MISUSED, OK, oneLine, UsageError } from './failure.ts';

/** A command's module: it defines flags and help, and does the work. */
type CommandModule = {
  /** @param args the command line after the command's name */
  define(command: Command, args: readonly string[]): void;
};

type CommandEntry = { summary: string; usage: string; load(): Promise<CommandModule> };

/** What is known of the commands without loading them. */
const commands: Readonly<Record<string, CommandEntry>> = {
  serve: {
    summary: 'run one server: a ready service, or a protocol of your own',
    usage: '<service|./module.js> [flags]',
    load: () => import('./serve.ts'),
  },
  up: {
    summary: 'run several servers at once, from a file or as a demonstration',
    usage: '[zocalo.toml] [flags]',
    load: () => import('./up.ts'),
  },
  connect: {
    summary: 'talk to a server: at a prompt, or as a pipe',
    usage: '<where> [flags]',
    load: () => import('./connect.ts'),
  },
  import: {
    summary: 'make a table of a SQLite database out of a CSV file',
    usage: '<file.csv> <file.db> [flags]',
    load: () => import('./import.ts'),
  },
  files: {
    summary: 'list and fetch files of a file server',
    usage: '<where> ls | size <name>... | get <name>... [flags]',
    load: () => import('./files.ts'),
  },
  ring: {
    summary: 'a ring of processes with two tokens that survives its faults',
    usage: '<node|demo|stop|status> [flags]',
    load: () => import('./ring.ts'),
  },
  bench: {
    summary: 'measure the concurrency models against each other; tables and charts',
    usage: '[idle|active] [flags]',
    load: () => import('./bench.ts'),
  },
  doctor: {
    summary: 'what this machine offers for many clients, and what to raise',
    usage: '[flags]',
    load: () => import('./doctor.ts'),
  },
};

const examples = `
Examples:
  zocalo up                             every ready service, and how to try it
  zocalo serve echo --port 7000         one of them
  zocalo serve ./my-protocol.ts         a protocol of your own
  zocalo connect 127.0.0.1:7000         a prompt to talk to it
  zocalo serve --help                   the services, and every flag

Exit status: 0 when all went well, 1 when something failed or a client was cut
off, 2 when the command line or a file cannot be understood.`;

/** Runs a command line; the process ends with its exit status. */
export async function main(args: readonly string[]): Promise<void> {
  // A reader that has gone away (`| head`) is no reason to stop serving.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  // `zocalo help serve` is `zocalo serve --help`.
  const line = args[0] === 'help' ? [...args.slice(1, 2), '--help'] : args;
  try {
    const program = await build(line);
    await program.parseAsync([...line], { from: 'user' });
  } catch (error) {
    const status = explain(error, line[0]);
    // What a module has left running must not keep a command alive that has failed.
    if (status !== OK) process.stderr.write('', () => process.exit(status));
  }
}

async function build(args: readonly string[]): Promise<Command> {
  const program = new Command('zocalo')
    .description('TCP servers for many clients at once.')
    .usage('<command> [flags]')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help; `zocalo <command> --help` tells more about a command')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .configureHelp({ styleTitle: (title) => styleText('bold', title) })
    .addHelpText('after', examples);
  for (const [name, { summary, usage, load }] of Object.entries(commands)) {
    const command = program
      .command(name)
      .summary(summary)
      .usage(usage)
      .helpOption('-h, --help', 'print this help');
    if (args[0] === name) (await load()).define(command, args.slice(1));
  }
  return program;
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

/** Says in one line what went wrong. @returns the exit status */
function explain(error: unknown, command: string | undefined): number {
  if (error instanceof CommanderError) return explainCommandLine(error, command);
  if (error instanceof UsageError || error instanceof OptionError) return complain(oneLine(error), MISUSED);
  if (error instanceof Failure || error instanceof ZocaloError) return complain(oneLine(error), FAILED);
  // A mistake of ours: whoever reports it needs to know where it is.
  return complain(error instanceof Error ? (error.stack ?? error.message) : String(error), FAILED);
}

function explainCommandLine(error: CommanderError, command = ''): number {
  if (error.exitCode === 0) return OK;
  // Without a command the help has been printed, as what to do instead.
  if (error.code === 'commander.help') return MISUSED;
  const [what = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = hint?.replace(/^\(Did you mean (.*)\?\)$/, ' (did you mean $1?)') ?? '';
  const help = command in commands ? ` (see zocalo ${command} --help)` : ' (see zocalo --help)';
  return complain(`${what.replace(/\.$/, '')}${suggestion || help}`, MISUSED);
}

function complain(words: string, status: number): number {
  process.stderr.write(`zocalo: ${words}\n`);
  return status;
}
