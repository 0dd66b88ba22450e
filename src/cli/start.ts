import { ListenError, OptionError, PlatformError, ProtocolModuleError, WorkerError } from '../errors.ts';
import type { ServeOptions } from '../server/options.ts';
import { serve } from '../server/serve.ts';
import type { Server } from '../server/server.ts';
import { netcat, type Place, type Service, type Settings } from '../services/service.ts';
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
  readonly spell: (setting: 'port' | 'path' | 'host') => string;
};

/** What is known of a ready service before it is told how to serve. */
export function planOf(service: Service): Pick<Plan, 'name' | 'module' | 'moduleName' | 'service'> {
  return { name: service.name, module: service.module, moduleName: service.name, service };
}

/** The settings of a service among all that were given. */
export function settingsOf(service: Service, given: Settings): Settings {
  return Object.fromEntries(service.settings.map(({ name }) => [name, given[name]]));
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
    if (error instanceof ListenError) throw new Failure(cannotListen(plan, error.reason), { cause: error });
    if (error instanceof OptionError) throw new UsageError(`${name}: ${error.message}`, { cause: error });
    if (error instanceof ProtocolModuleError) {
      throw new Failure(describeModuleError(error, plan.moduleName), { cause: error });
    }
    if (error instanceof PlatformError || error instanceof WorkerError)
      throw new Failure(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

function cannotListen({ name, moduleName, options, spell }: Plan, reason: string): string {
  const { host = '127.0.0.1', port, path } = options;
  const place = path ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  const cannot = `${name ?? moduleName} cannot listen on ${place}`;
  switch (reason) {
    case 'EADDRINUSE':
      return path === undefined
        ? `${cannot}: the port is in use; stop what uses it, or choose another with ${spell('port')}`
        : `${cannot}: the path is taken; remove it if nobody listens there, or choose another with ${spell('path')}`;
    case 'EACCES':
    case 'EPERM':
      return path === undefined
        ? `${cannot}: not permitted (ports below 1024 need a privilege); choose another with ${spell('port')}`
        : `${cannot}: not permitted; choose another with ${spell('path')}`;
    case 'EADDRNOTAVAIL':
      return `${cannot}: this machine has no such address; choose another with ${spell('host')}`;
    case 'ENOENT':
      return `${cannot}: there is no such directory; choose another with ${spell('path')}`;
    default:
      return `${cannot}: ${reason}`;
  }
}

/** A command that shows a running server at work, from this machine. */
export function tryIt({ plan, server }: Running): string {
  const { host, port, path } = server.address;
  const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const place: Place = { host: near, port, path };
  return (plan.service?.tryIt ?? netcat)(place);
}
