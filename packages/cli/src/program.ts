import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { type CommandEntry, FAILED, Failure, MISUSED, OK, oneLine, UsageError } from '@zocalo/command';
import { Command, CommanderError } from 'commander';
import { OptionError, ZocaloError } from 'zocalo/service';
import { helpWidth, narrowed } from './help-text.ts';
import { pluginCommands } from './plugins/built-in.ts';
import { pendingText } from './serving/pending-work.ts';

type Commands = Readonly<Record<string, CommandEntry>>;

/** What is known of the commands without loading them. */
const builtIn: Commands = {
  serve: {
    summary: 'run one server: a ready service, or a protocol of your own',
    usage: '<service|./module.js> [flags]',
    load: () => import('./commands/serve.ts'),
  },
  up: {
    summary: 'run several servers at once, from a file or as a demonstration',
    usage: '[zocalo.toml] [flags]',
    load: () => import('./commands/up.ts'),
  },
  connect: {
    summary: 'talk to a server: at a prompt, or as a pipe',
    usage: '<where> [flags]',
    load: () => import('./commands/connect.ts'),
  },
  ...pluginCommands,
  doctor: {
    summary: 'what this machine offers for many clients, and what to raise',
    usage: '[flags]',
    load: () => import('./commands/doctor.ts'),
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
  const line = lineOf(args);
  let commands: Commands = builtIn;
  // Nothing is left to wait for, and it is not done: otherwise that would be success.
  const early = () => process.exit(complain(pendingText(), FAILED));
  process.once('beforeExit', early);
  try {
    commands = await commandsFor(line[0]);
    const [name = '-'] = line;
    // There is no help for a command that is not there, and its other arguments do not matter.
    const relevant = name.startsWith('-') || Object.hasOwn(commands, name) ? line : [name];
    const program = await build(relevant, commands);
    await program.parseAsync([...relevant], { from: 'user' });
    process.off('beforeExit', early);
  } catch (error) {
    process.off('beforeExit', early);
    const status = explain(error, line[0], commands);
    // What a module has left running must not keep a command alive that has failed.
    if (status !== OK) process.stderr.write('', () => process.exit(status));
  }
}

/** `zocalo help serve` is `zocalo serve --help`. */
function lineOf(args: readonly string[]): readonly string[] {
  if (args[0] === '-V') return ['--version'];
  return args[0] === 'help' ? [...args.slice(1, 2), '--help'] : args;
}

/** Help, and a command that is not built in, have the commands of installed packages as well. */
async function commandsFor(name = '--help'): Promise<Commands> {
  if (Object.hasOwn(builtIn, name) || ['--version', '-v'].includes(name)) return builtIn;
  const { installedPlugins } = await import('./plugins/installed.ts');
  // Those that are built in come first, and no package replaces one.
  return { ...builtIn, ...(await installedPlugins()).commands, ...builtIn };
}

async function build(args: readonly string[], commands: Commands): Promise<Command> {
  const program = new Command('zocalo')
    .description('TCP servers for many clients at once.')
    .usage('<command> [flags]')
    .version(version(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help; `zocalo <command> --help` tells more about a command')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      outputError: () => {},
      writeOut: (text) => process.stdout.write(narrowed(text, helpWidth())),
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
    })
    .configureHelp({ styleTitle: (title) => styleText('bold', title) })
    .addHelpText('after', examples);
  for (const [name, { summary, usage, load }] of Object.entries(commands)) {
    const command = program
      .command(name)
      .summary(summary)
      .usage(usage)
      .helpOption('-h, --help', 'print this help');
    if (args[0] === name) await (await load()).define(command, args.slice(1));
  }
  return program;
}

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

/** Says in one line what went wrong. @returns the exit status */
function explain(error: unknown, command: string | undefined, commands: Commands): number {
  if (error instanceof CommanderError) return explainCommandLine(error, command, commands);
  if (error instanceof UsageError || error instanceof OptionError) return complain(oneLine(error), MISUSED);
  if (error instanceof Failure || error instanceof ZocaloError) return complain(oneLine(error), FAILED);
  // A defect of zocalo: the stack says where, for the report.
  return complain(error instanceof Error ? (error.stack ?? error.message) : String(error), FAILED);
}

function explainCommandLine(error: CommanderError, command = '', commands: Commands = {}): number {
  if (error.exitCode === 0) return OK;
  // Without a command the help has been printed, as what to do instead.
  if (error.code === 'commander.help') return MISUSED;
  const [what = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = hint?.replace(/^\(Did you mean (.*)\?\)$/, ' (did you mean $1?)') ?? '';
  const help = Object.hasOwn(commands, command) ? ` (see zocalo ${command} --help)` : ' (see zocalo --help)';
  return complain(`${what.replace(/\.$/, '')}${suggestion || help}`, MISUSED);
}

function complain(message: string, status: number): number {
  process.stderr.write(`zocalo: ${message}\n`);
  return status;
}
