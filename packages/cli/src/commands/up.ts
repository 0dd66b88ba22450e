import { existsSync } from 'node:fs';
import { styleText } from 'node:util';
import { formatTable } from '@zocalo/command';
import { serverLogSettings } from '@zocalo/command/log';
import { addFlag, givenFlags } from '@zocalo/command/settings';
import type { Command } from 'commander';
import { services } from '../plugins/built-in.ts';
import { readConfig, strictSetting } from '../serving/config-file.ts';
import { type Plan, planServer, serviceTarget } from '../serving/plan.ts';
import { runServers } from '../serving/run.ts';
import { listeningPlaces, type Running } from '../serving/start.ts';
import { environmentSettings } from '../settings/environment.ts';

const FILE = 'zocalo.toml';

const flagSettings = [strictSetting, ...serverLogSettings];

const epilogue = `
Without a file it takes ${FILE} in this directory, and says so; if there is
none, it runs every ready service on its own port, as a demonstration.

A file has a table for each server, with any name. Its keys are the flags of
\`zocalo serve\`, without the dashes in front:
  log = "pretty"           # or "json", "off"; the flag --log goes before it
                           # also log-level, log-file, strict

  [servers.echo]
  service = "echo"         # a ready service: see zocalo serve --help
  port = 7000              # default: the port of the service
  max-clients = 3
  idle-timeout = "5m"      # a duration: "500ms", "30s", "5m", "1h", "none"

  [servers.shout]
  module = "./shout.ts"    # or a module, seen from where the file is
  port = 7001              # default: any that is free
  host = "::1"

Texts may have \${NAME}, or \${NAME:-default}, of the environment in them:
  port = "\${PORT:-7000}"
$\${ stands for \${ itself.

If one of them cannot be started, the others serve, unless --strict. SIGTERM,
SIGHUP or Ctrl-C lets the answers in progress be finished; a second one ends at
once. The exit status is 1 if a client was cut off, or a server did not start.

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
  addFlag(command, strictSetting, 'Options:');
  for (const setting of serverLogSettings) addFlag(command, setting, 'Output:');
  command.addHelpText('after', epilogue).action(async (file?: string) => {
    const flags = givenFlags(command);
    process.exit(await run(file, { ...environmentSettings(flagSettings, flags), ...flags }));
  });
}

async function run(file: string | undefined, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const found = file ?? (existsSync(FILE) ? FILE : undefined);
  const config = found === undefined ? undefined : await readConfig(found);
  const { strict, ...settings } = { ...config?.settings, ...flags };
  const using = file === undefined && found !== undefined ? `using ${found}\n` : '';
  return runServers(
    config?.plans ?? demonstration(),
    settings,
    strict === true,
    (running) => `${using}${table(running)}`,
  );
}

function demonstration(): Plan[] {
  const optionText = (setting: string) => setting;
  const settingText = (setting: string) => `\`${setting}\` in a file (see zocalo up --help)`;
  return services.map((service) => planServer(serviceTarget(service), {}, optionText, settingText));
}

function table(running: readonly Running[]): string {
  const rows = running.flatMap(listeningPlaces).map(({ label, address, tryIt }) => [label, address, tryIt]);
  const [head = '', ...rest] = formatTable([['service', 'address', 'try it'], ...rows]);
  return `${[styleText('bold', head), ...rest].join('\n')}\n`;
}
