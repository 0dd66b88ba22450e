import type { Command } from 'commander';
import { services } from '../services/registry.ts';
import type { Service } from '../services/service.ts';
import { UsageError } from './failure.ts';
import { addFlag, addOperand, givenFlags } from './flags.ts';
import { findModule, isModulePath } from './load-module.ts';
import { createLog, logFormat, logSettings } from './log.ts';
import { runUntilStopped } from './running.ts';
import { serveOptions, serverSettings, settingFor } from './server-settings.ts';
import { type Plan, placesOf, planOf, settingsOf, startAll } from './start.ts';
import { StopSignals } from './stop-signals.ts';

const list = services
  .map(({ name, port, summary }) => `  ${name.padEnd(10)}${summary} (port ${port})`)
  .join('\n');

const epilogue = `
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

When it listens, a line on stdout for each door says where. SIGTERM or Ctrl-C
lets the answers in progress be finished; a second one ends at once. The exit
status is 1 if a client was cut off.

Examples:
  zocalo serve echo
  zocalo serve reverse --host :: --port 7000 --max-clients 3 --max-waiting 10
  zocalo serve echo --path /tmp/echo.sock --log json
  zocalo serve sql quakes.db --read-write --statement-timeout 10s
  zocalo serve files ~/Public --slices base64-lines
  zocalo serve ./shout.ts --port 7000 --quota 100 --quota-per address`;

/** `zocalo serve`. */
export function define(command: Command, args: readonly string[]): void {
  const service = serviceIn(args);
  command
    .description('Run one server until it is told to stop.')
    .argument('<service>', 'a ready service, or the path of a module');
  const operand = service?.settings.find(({ name }) => name === service.operand);
  if (operand !== undefined) addOperand(command, operand);
  for (const setting of service?.settings ?? [])
    addFlag(command, settingFor(service, setting), `Of ${service?.name}:`);
  for (const setting of serverSettings) addFlag(command, settingFor(service, setting), setting.group);
  for (const setting of logSettings) addFlag(command, setting, 'Output:');
  command.addHelpText('after', epilogue).action(async (what: string, word?: unknown) => {
    const flags = givenFlags(command);
    const given = operand !== undefined && word !== undefined ? { [operand.name]: word } : {};
    process.exit(await run(what, { ...flags, ...given }));
  });
}

/** The service that is asked for, which decides what flags there are. */
function serviceIn(args: readonly string[]): Service | undefined {
  return services.find(({ name }) => args.includes(name));
}

async function run(what: string, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const plan = await planFor(what, flags);
  const log = await createLog(logFormat(flags));
  const signals = new StopSignals();
  const [running] = await startAll([plan], log);
  if (running === undefined) return 0;
  for (const { label, address, tryIt } of placesOf(running)) {
    process.stdout.write(`${label}: listening on ${address} (${running.server.model})  try: ${tryIt}\n`);
  }
  return runUntilStopped([running], signals, log);
}

async function planFor(what: string, flags: Readonly<Record<string, unknown>>): Promise<Plan> {
  const spell = (name: string) => `--${name}`;
  const service = services.find(({ name }) => name === what);
  if (service === undefined && !isModulePath(what)) {
    const names = services.map(({ name }) => name).join(', ');
    throw new UsageError(
      `there is no service "${what}"; there are ${names}, and modules by their path, such as ./${what}.js`,
    );
  }
  const options = serveOptions(flags, service, spell);
  if (service === undefined) {
    return {
      ...(await findModule(what, process.cwd())),
      moduleName: what,
      options,
      service,
      spell,
    };
  }
  const protocolOptions = settingsOf(service, flags);
  return { ...planOf(service), options: { ...options, protocolOptions }, spell };
}
