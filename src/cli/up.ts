import { existsSync } from 'node:fs';
import { styleText } from 'node:util';
import type { Command } from 'commander';
import { services } from '../services/registry.ts';
import { readConfig } from './config-file.ts';
import { addFlag, givenFlags } from './flags.ts';
import { createLog, logFormat, logSettings } from './log.ts';
import { runUntilStopped } from './running.ts';
import { serveOptions } from './server-settings.ts';
import { type Plan, placesOf, planOf, type Running, startAll } from './start.ts';
import { StopSignals } from './stop-signals.ts';
import { formatTable } from './table.ts';

const FILE = 'zocalo.toml';

const epilogue = `
Without a file it takes ${FILE} in this directory, and says so; if there is
none, it runs every ready service on its own port, as a demonstration.

A file has a table for each server, with any name. Its keys are the flags of
\`zocalo serve\`, without the dashes in front:
  log = "pretty"           # or "json", "off"; the flag --log goes before it

  [servers.echo]
  service = "echo"         # a ready service: see zocalo serve --help
  port = 7000              # default: the port of the service
  max-clients = 3
  idle-timeout = "5m"      # a duration: "500ms", "30s", "5m", "1h", "none"

  [servers.shout]
  module = "./shout.ts"    # or a module, seen from where the file is
  port = 7001              # default: any that is free
  host = "::1"

If one of them cannot be started, none is. SIGTERM or Ctrl-C lets the answers in
progress be finished; a second one ends at once. The exit status is 1 if a
client was cut off.

Examples:
  zocalo up
  zocalo up servers/${FILE} --log json`;

/** `zocalo up`. */
export function define(command: Command): void {
  command
    .description(
      'Run several servers until they are told to stop; prints where they are and how to try them.',
    )
    .argument('[file]', 'the servers to run, in TOML');
  for (const setting of logSettings) addFlag(command, setting, 'Output:');
  command.addHelpText('after', epilogue).action(async (file?: string) => {
    process.exit(await run(file, givenFlags(command)));
  });
}

async function run(file: string | undefined, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const found = file ?? (existsSync(FILE) ? FILE : undefined);
  const config = found === undefined ? undefined : await readConfig(found);
  const log = await createLog(logFormat(flags, config?.log));
  const plans = config?.plans ?? demonstration();
  const signals = new StopSignals();
  const running = await startAll(plans, log);
  if (file === undefined && found !== undefined) process.stdout.write(`using ${found}\n`);
  process.stdout.write(table(running));
  return runUntilStopped(running, signals, log);
}

function demonstration(): Plan[] {
  const spell = (setting: string) => `\`${setting}\` in a file (see zocalo up --help)`;
  return services.map((service) => ({
    ...planOf(service),
    options: { ...serveOptions({}, service, spell), protocolOptions: {} },
    spell,
  }));
}

function table(running: readonly Running[]): string {
  const rows = running.flatMap(placesOf).map(({ label, address, tryIt }) => [label, address, tryIt]);
  const [head = '', ...rest] = formatTable([['service', 'address', 'try it'], ...rows]);
  return `${[styleText('bold', head), ...rest].join('\n')}\n`;
}
