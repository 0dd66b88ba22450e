import { existsSync } from 'node:fs';
import { didYouMean, UsageError } from '@zocalo/command';
import { serverLogSettings } from '@zocalo/command/log';
import { addArgument, addFlag, givenFlags } from '@zocalo/command/settings';
import type { Command } from 'commander';
import type { Service, Settings } from 'zocalo/service';
import { allServices, findService, planServer, serviceTarget, type Target } from '../serving/plan.ts';
import { isModulePath, moduleTarget } from '../serving/protocol-module.ts';
import { runServers } from '../serving/run.ts';
import { listeningPlaces } from '../serving/start.ts';
import { environmentSettings } from '../settings/environment.ts';
import { serverSettings, settingsOf, withServiceDefault } from '../settings/server-settings.ts';

const epilogue = (list: string) => `
A duration is 500ms, 30s, 5m, 1h, or none for no limit; it always has a unit.

Services (zocalo serve NAME --help has the flags of NAME as well):
${list}

A module is a path such as ./shout.ts; it exports a protocol by default:
  import { lines } from 'zocalo';
  export default {
    name: 'shout',
    framing: lines(),
    message: (line) => \`\${line.toUpperCase()}\\n\`,
  };
It listens on any free port unless --port says which.

Each flag may also be given as a variable of the environment, such as
ZOCALO_MAX_CLIENTS for --max-clients; the flag goes before it.

When it listens, a line on stdout for each endpoint says where. SIGTERM, SIGHUP
or Ctrl-C lets the answers in progress be finished; a second one ends at once.
The exit status is 1 if a client was cut off.

Examples:
  zocalo serve echo
  zocalo serve reverse --host :: --port 7000 --max-clients 3 --max-waiting 10
  zocalo serve echo --path /tmp/echo.sock --log json
  zocalo serve sql quakes.db --read-write --statement-timeout 10s
  zocalo serve files ~/Public --slices base64-lines
  zocalo serve ./shout.ts --port 7000 --quota 100 --quota-per address`;

/** `zocalo serve`. */
export async function define(command: Command, args: readonly string[]): Promise<void> {
  const service = await serviceIn(args);
  command
    .description('Run one server until it is told to stop.')
    .argument('<service>', 'a service, or the path of a module');
  const settings = [...settingsOf(service), ...serverLogSettings];
  const operand = service?.settings.find(({ name }) => name === service.operand);
  if (operand !== undefined) addArgument(command, operand);
  for (const setting of service?.settings ?? [])
    addFlag(command, withServiceDefault(service, setting), `Of ${service?.name}:`);
  for (const setting of serverSettings) addFlag(command, withServiceDefault(service, setting), setting.group);
  for (const setting of serverLogSettings) addFlag(command, setting, 'Output:');
  const help = args.includes('--help') || args.includes('-h');
  if (help) command.addHelpText('after', epilogue(listOf(await allServices())));
  command.action(async (what: string, argument?: unknown) => {
    const operands = operand !== undefined && argument !== undefined ? { [operand.name]: argument } : {};
    const given = { ...givenFlags(command), ...operands };
    process.exit(await run(what, { ...environmentSettings(settings, given), ...given }));
  });
}

/** The service that is asked for, which decides what flags there are: the first argument that is one, or is a module. */
async function serviceIn(args: readonly string[]): Promise<Service | undefined> {
  for (const argument of operandsIn(args)) {
    if (!isModulePath(argument)) {
      const service = await findService(argument);
      if (service !== undefined) return service;
    } else if (existsSync(argument)) {
      return (await moduleTarget(argument, process.cwd())).service;
    }
  }
  return undefined;
}

/** The arguments that are no flags and no values of flags. Behind a flag of a service that is not known yet may be either: those are last. */
function operandsIn(args: readonly string[]): string[] {
  const known = [...serverSettings, ...serverLogSettings];
  const certain: string[] = [];
  const uncertain: string[] = [];
  for (const [i, argument] of args.entries()) {
    if (argument.startsWith('-')) continue;
    const flag = args[i - 1] ?? '';
    const setting = known.find(({ name }) => flag === `--${name}` || (flag === '-p' && name === 'port'));
    if (setting === undefined && /^--[^=]+$/.test(flag)) uncertain.push(argument);
    else if (setting === undefined || setting.type.kind === 'switch') certain.push(argument);
  }
  return [...certain, ...uncertain];
}

function listOf(services: readonly Service[]): string {
  const width = Math.max(...services.map(({ name }) => name.length)) + 2;
  return services
    .map(({ name, port, summary }) => `  ${name.padEnd(Math.max(width, 10))}${summary} (port ${port})`)
    .join('\n');
}

async function run(what: string, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const plan = planServer(await targetOf(what), flags, (name) => `--${name}`);
  const description = plan.service?.describe?.(plan.options.protocolOptions as Settings);
  const serves = description === undefined ? '' : `, ${description}`;
  return runServers([plan], flags, true, (running) =>
    running
      .flatMap((each) =>
        listeningPlaces(each).map(
          ({ label, address, tryIt }) =>
            `${label}: listening on ${address} (${each.server.model})${serves}  try: ${tryIt}\n`,
        ),
      )
      .join(''),
  );
}

async function targetOf(what: string): Promise<Target> {
  if (isModulePath(what)) return moduleTarget(what, process.cwd());
  const service = await findService(what);
  if (service !== undefined) return serviceTarget(service);
  const names = (await allServices()).map(({ name }) => name);
  const hint = didYouMean(what, names);
  throw new UsageError(
    `there is no service "${what}"${hint}; there are ${names.join(', ')}, and modules by their path, such as ./${what}.js`,
  );
}
