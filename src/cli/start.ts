import { ListenError, OptionError, PlatformError, ProtocolModuleError, WorkerError } from '../errors.ts';
import { formatAddress } from '../protocol/server-address.ts';
import type { ServeOptions } from '../server/options.ts';
import { serve } from '../server/serve.ts';
import type { Server } from '../server/server.ts';
import { netcat, type Service, type Settings } from '../services/service.ts';
import { Failure, UsageError } from './failure.ts';
import { describeModuleError } from './load-module.ts';
import type { Log } from './log.ts';

/** A server that is to be started. */
export type Plan = {
  /** What messages call it; undefined: as its protocol calls itself. */
  readonly name: string | undefined;
  /** The module of its protocol, and how messages call it. */
  readonly module: URL;
  readonly moduleName: string;
  readonly options: ServeOptions;
  /** The ready service that it is, if it is one. */
  readonly service: Service | undefined;
  /** How its port and path are given, for advice: `--port`, `port in zocalo.toml`. */
  readonly spell: (setting: string) => string;
};

/** What is known of a ready service before it is told how to serve. */
export function planOf(service: Service): Pick<Plan, 'name' | 'module' | 'moduleName' | 'service'> {
  return { name: service.name, module: service.module, moduleName: service.name, service };
}

/** The settings of a service among all that were given, but for those of its doors. */
export function settingsOf(service: Service, given: Settings): Settings {
  const ofDoors = Object.values(service.doors ?? {}).flatMap((door) => Object.values(door));
  const own = service.settings.filter(({ name }) => !ofDoors.includes(name));
  return Object.fromEntries(own.map(({ name }) => [name, given[name]]));
}

/** A server that runs. */
export type Running = { readonly name: string; readonly plan: Plan; readonly server: Server };

/**
 * Starts servers, in order; when one cannot be, those before it are stopped.
 * @throws Failure that names the server and the address, UsageError for an option that cannot be used
 */
export async function startAll(plans: readonly Plan[], log: Log): Promise<Running[]> {
  const running: Running[] = [];
  try {
    for (const plan of plans) {
      const server = await start(plan);
      const name = plan.name ?? server.name;
      log.watch(name, server);
      running.push({ name, plan, server });
    }
  } catch (error) {
    await Promise.all(running.map(({ server }) => server.close()));
    throw error;
  }
  return running;
}

async function start(plan: Plan): Promise<Server> {
  const { name = plan.moduleName } = plan;
  try {
    return await serve(plan.module, plan.options);
  } catch (error) {
    if (error instanceof ListenError) throw new Failure(cannotListen(plan, error), { cause: error });
    if (error instanceof OptionError) throw new UsageError(`${name}: ${error.message}`, { cause: error });
    if (error instanceof ProtocolModuleError) {
      throw new Failure(describeModuleError(error, plan.moduleName), { cause: error });
    }
    if (error instanceof PlatformError || error instanceof WorkerError)
      throw new Failure(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

function cannotListen({ name, moduleName, service, options, spell }: Plan, error: ListenError): string {
  const { reason, door = '' } = error;
  const { host = '127.0.0.1', port = 0, path } = { ...options, ...options.doors?.[door] };
  const portSetting = service?.doors?.[door]?.port ?? 'port';
  const place = path ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  const cannot = `${name ?? moduleName} cannot listen on ${place}`;
  switch (reason) {
    case 'EADDRINUSE':
      return path === undefined
        ? `${cannot}: the port is in use; stop what uses it, or choose another with ${spell(portSetting)}`
        : `${cannot}: the path is taken; remove it if nobody listens there, or choose another with ${spell('path')}`;
    case 'EACCES':
    case 'EPERM':
      return path === undefined
        ? `${cannot}: not permitted (ports below 1024 need a privilege); choose another with ${spell(portSetting)}`
        : `${cannot}: not permitted; choose another with ${spell('path')}`;
    case 'EADDRNOTAVAIL':
      return `${cannot}: this machine has no such address; choose another with ${spell('host')}`;
    case 'ENOENT':
      return `${cannot}: there is no such directory; choose another with ${spell('path')}`;
    default:
      return `${cannot}: ${reason}`;
  }
}

/** Where a running server can be reached, at each of its doors, and a command that shows it at work there from this machine. */
export function placesOf({
  name,
  plan,
  server,
}: Running): { label: string; address: string; tryIt: string }[] {
  const doors = Object.entries(server.addresses);
  return doors.map(([dialect, where]) => {
    const host = where.host === '0.0.0.0' ? '127.0.0.1' : where.host === '::' ? '::1' : where.host;
    return {
      label: doors.length > 1 ? `${name} (${dialect})` : name,
      address: formatAddress(where),
      tryIt: (plan.service?.tryIt ?? netcat)({ ...where, host }, dialect),
    };
  });
}
