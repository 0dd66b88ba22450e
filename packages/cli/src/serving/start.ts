import { Failure, UsageError } from '@zocalo/command';
import type { Log } from '@zocalo/command/log';
import {
  formatAddress,
  ListenError,
  OptionError,
  PlatformError,
  ProtocolModuleError,
  type Server,
  type ServerAddress,
  serve,
  WorkerError,
} from 'zocalo';
import { netcat } from 'zocalo/service';
import { nameOptions } from '../settings/server-settings.ts';
import { addressOf, cannotListen } from './listen-address.ts';
import { trackPending } from './pending-work.ts';
import type { Plan } from './plan.ts';
import { describeModuleError } from './protocol-module.ts';

/** A server that runs. */
export type Running = { readonly name: string; readonly plan: Plan; readonly server: Server };

/** What became of the plans. */
export type Started = {
  readonly running: readonly Running[];
  /** Of the servers that could not be started. */
  readonly failures: readonly Failure[];
  /** A signal came while it was starting; nothing runs. */
  readonly stopped: boolean;
};

/**
 * Starts servers, in order. One that cannot be started is reported, and the others serve.
 * @param strict whether instead those before it are stopped
 * @param stop when it resolves, what has been started is stopped, also while a module is still being loaded
 * @throws Failure that names the server and the address, when none could be started or `strict`; UsageError for an option that cannot be used
 */
export async function startAll(
  plans: readonly Plan[],
  log: Log,
  strict: boolean,
  stop: Promise<unknown>,
): Promise<Started> {
  const running: Running[] = [];
  const failures: Failure[] = [];
  const stopAll = () => Promise.all(running.map(({ server }) => server.close()));
  let stopping = false;
  const stopped = stop.then(() => {
    stopping = true;
    return undefined;
  });
  for (const plan of plans) {
    const onSlow = (name: string | undefined) => {
      // After a request to stop, how long the start takes is of no interest.
      if (!stopping) log.warn('starting', `${name} is still starting`);
    };
    const starting = start(plan, onSlow).catch(async (error: unknown) => {
      if (error instanceof Failure && !strict && plans.length > 1) return error;
      await stopAll();
      throw error;
    });
    const server = await Promise.race([starting, stopped]);
    if (server === undefined) {
      await stopAll();
      return { running: [], failures, stopped: true };
    }
    if (server instanceof Failure) {
      failures.push(server);
      log.warn('not-started', server.message);
    } else {
      const name = plan.name ?? server.name;
      log.watch(name, server);
      // Failures are in the log; without a subscriber they would be printed when that is off.
      for (const type of ['error', 'worker-died'] as const) server.events.on(type, () => {});
      running.push({ name, plan, server });
    }
  }
  if (running.length === 0) throw new Failure('none of the servers could be started', { cause: failures });
  return { running, failures, stopped: false };
}

async function start(plan: Plan, onSlow: (name: string | undefined) => void): Promise<Server> {
  const { name = plan.moduleName } = plan;
  const options = { ...plan.options, ...(await addressOf(plan)) };
  try {
    return await trackPending(
      `${name} never finishes starting: what its module exports waits for something that never comes`,
      () => onSlow(name),
      serve(plan.module, options),
    );
  } catch (error) {
    if (error instanceof ListenError)
      throw new Failure(cannotListen({ ...plan, options }, error), { cause: error });
    if (error instanceof OptionError) {
      const message = nameOptions(error.message, plan.optionText);
      throw new UsageError(`${name}: ${message}`, { cause: error });
    }
    if (error instanceof ProtocolModuleError) {
      throw new Failure(describeModuleError(error, plan.moduleName), { cause: error });
    }
    if (error instanceof PlatformError || error instanceof WorkerError)
      throw new Failure(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Where a running server can be reached, at each of its endpoints, and a command that shows it at work there from this machine. */
export function listeningPlaces({
  name,
  plan,
  server,
}: Running): { label: string; address: string; tryIt: string }[] {
  const endpoints = Object.entries(server.addresses);
  return endpoints.map(([dialect, where]) => {
    const host = where.host === '0.0.0.0' ? '127.0.0.1' : where.host === '::' ? '::1' : where.host;
    return {
      label: endpoints.length > 1 ? `${name} (${dialect})` : name,
      address: formatAddress(where),
      tryIt: plan.options.tls
        ? overTls({ ...where, host })
        : (plan.service?.tryIt ?? netcat)({ ...where, host }, dialect),
    };
  });
}

/** Whatever is spoken, to a program that speaks TLS. */
function overTls({ host, port, path }: ServerAddress): string {
  const place =
    path === undefined ? `-connect ${host.includes(':') ? `[${host}]` : host}:${port}` : `-unix ${path}`;
  return `openssl s_client -quiet ${place}`;
}
