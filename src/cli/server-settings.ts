import { resolveOptions, type ServeOptions } from '../server/options.ts';
import { formatDuration } from '../services/duration.ts';
import type { Service, Setting, Settings, SettingType } from '../services/service.ts';
import { balances } from '../workers/balance.ts';
import { isolations, models } from '../workers/models.ts';
import { UsageError } from './failure.ts';

/** A setting of every server: flag, key in a file, and option of `serve()`, under one name in two spellings. */
type ServerSetting = Setting & { readonly option: keyof ServeOptions; readonly group: string };

const defaults = resolveOptions({});
const plainDefaults: Readonly<Record<string, unknown>> = { ...defaults, ...defaults.limits };

const group = {
  address: 'Where it listens:',
  model: 'How clients are served at once:',
  crowd: 'How many at once:',
  limits: 'Limits for each client:',
};
const duration: SettingType = { kind: 'duration' };
const count = (least: number, most?: number): SettingType =>
  most === undefined ? { kind: 'whole', least } : { kind: 'whole', least, most };

type Row = [option: keyof ServeOptions, type: SettingType, placeholder: string, help: string];

const address: readonly Row[] = [
  ['host', { kind: 'address' }, 'address', 'the address to listen on; 0.0.0.0 or :: for all of them'],
  [
    'port',
    count(0, 65_535),
    'n',
    'the port to listen on; 0 for any that is free (default: the one of the service)',
  ],
  ['path', { kind: 'text' }, 'path', 'listen on a Unix socket instead of host and port'],
  ['backlog', count(1), 'n', 'how many connections the kernel keeps until they are accepted'],
];
const model: readonly Row[] = [
  [
    'model',
    { kind: 'choice', of: models },
    'name',
    `how clients are served at once: ${models.join(', ')} (default: epoll on Linux, libuv elsewhere)`,
  ],
  [
    'workers',
    count(0),
    'n',
    'how many threads or processes serve, beside the one that accepts (default: none; of a pool 8; with --isolation one a processor)',
  ],
  [
    'isolation',
    { kind: 'choice', of: isolations },
    'kind',
    'whether workers are threads or processes (default: thread)',
  ],
  [
    'balance',
    { kind: 'choice', of: balances },
    'how',
    'which worker gets a client: the one with the fewest, each in turn, or always the same for an address',
  ],
];
const crowd: readonly Row[] = [
  [
    'maxClients',
    count(1),
    'n',
    'how many clients are served at once (default: 10000; as many as a pool has workers; 1 for iterative; 256 with a worker each)',
  ],
  ['maxWaiting', count(0), 'n', 'how many more wait in line when that many are in'],
  ['waitTimeout', duration, 'duration', 'how long a client waits in line at most'],
  ['maxPerAddress', count(1), 'n', 'how many of an address are let in while others wait (default: no limit)'],
  ['maxWaitingPerAddress', count(0), 'n', 'how many of an address wait in line (default: no limit)'],
  [
    'whenFull',
    { kind: 'choice', of: ['refuse', 'backlog'] },
    'how',
    'house and line are full: refuse the next client, or backlog to leave it in the kernel',
  ],
  [
    'drainTimeout',
    duration,
    'duration',
    'how long the answers in progress may take once the server is told to stop',
  ],
];
const limits: readonly Row[] = [
  ['quota', count(1), 'n', 'how many messages a client may send (default: as many as it likes)'],
  [
    'quotaPer',
    { kind: 'choice', of: ['connection', 'address'] },
    'whom',
    'whether the quota is of each connection or of each address',
  ],
  [
    'quotaRefill',
    duration,
    'duration',
    'the time in which a spent quota fills up (default: none; of an address, 1m)',
  ],
  ['idleTimeout', duration, 'duration', 'the longest silence of a client'],
  ['crowdedIdleTimeout', duration, 'duration', 'the same while somebody waits in line'],
  ['frameTimeout', duration, 'duration', 'the longest time from the first byte of a message to its last'],
  ['writeTimeout', duration, 'duration', 'the longest time in which a client takes nothing of its answer'],
  ['handlerTimeout', duration, 'duration', 'the longest time an answer may need, or its next piece'],
  ['maxSession', duration, 'duration', 'the longest connection'],
];

/** The settings of every server, in the order of the help. */
export const serverSettings: readonly ServerSetting[] = [
  ...address.map((row) => setting(group.address, row)),
  ...model.map((row) => setting(group.model, row)),
  ...crowd.map((row) => setting(group.crowd, row)),
  ...limits.map((row) => setting(group.limits, row)),
];

function setting(heading: string, [option, type, placeholder, help]: Row): ServerSetting {
  const name = option.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  return { name, option, type, placeholder, help, group: heading, default: defaultOf(option, type, help) };
}

function defaultOf(option: keyof ServeOptions, type: SettingType, help: string): string | undefined {
  const value = plainDefaults[option];
  return value === undefined || help.includes('(default: ') ? undefined : write(type, value);
}

function write(type: SettingType, value: unknown): string {
  return type.kind === 'duration' ? formatDuration(value as number) : String(value);
}

/** The setting with the default that it has for a service. */
export function settingFor(service: Service | undefined, setting: Setting): Setting {
  const value = service?.defaults?.[setting.name];
  if (value === undefined) return setting;
  const help = setting.help.replace(/ \(default: .*\)$/, '');
  return { ...setting, help, default: write(setting.type, value) };
}

/**
 * The options of `serve()` that settings by name amount to.
 * @param service the ready service that is served, if it is one
 * @param spell how a setting is called where it was given, for messages: `--port`, `port`
 * @throws UsageError when two of them contradict each other
 */
export function serveOptions(
  given: Settings,
  service: Service | undefined,
  spell: (name: string) => string,
): ServeOptions {
  if (given.path !== undefined && service?.doors !== undefined) {
    const dialects = Object.keys(service.doors).join(', ');
    throw new UsageError(
      `${spell('path')} is for a server with one door, and ${service.name} has several: ${dialects}`,
    );
  }
  for (const name of ['host', 'port']) {
    if (given.path !== undefined && given[name] !== undefined) {
      throw new UsageError(
        `${spell('path')} is for a Unix socket and ${spell(name)} for TCP: give one or the other`,
      );
    }
  }
  const told = Object.entries(given).filter(([, value]) => value !== undefined);
  const settings: Settings = { ...defaultsFor(given.model, service), ...Object.fromEntries(told) };
  for (const name of ['quota-per', 'quota-refill']) {
    if (settings[name] !== undefined && settings.quota === undefined) {
      throw new UsageError(`${spell(name)} needs ${spell('quota')}`);
    }
  }
  const options: Record<string, unknown> = {};
  for (const { name, option } of serverSettings) {
    if (settings[name] !== undefined) options[option] = settings[name];
  }
  if (service?.doors !== undefined) return withDoors(options, service.doors, settings);
  if (given.path === undefined) options.port ??= service?.port ?? 0;
  return options;
}

/** One client at a time is all that the model has by its nature, whatever the service would have. */
function defaultsFor(model: unknown, service: Service | undefined): Settings {
  const { 'max-clients': _clients, 'max-waiting': _waiting, ...others } = service?.defaults ?? {};
  return model === 'iterative' ? others : (service?.defaults ?? {});
}

/** A quota of addresses is one for all doors. */
function withDoors(
  options: Record<string, unknown>,
  doors: NonNullable<Service['doors']>,
  settings: Settings,
): ServeOptions {
  const { port: _first, ...common } = options;
  const own = Object.entries(doors).map(([dialect, names]) => {
    const door = Object.entries(names)
      .map(([option, name]) => [option, settings[name]] as const)
      .filter(
        ([option, value]) => value !== undefined && (option !== 'quota' || options.quotaPer !== 'address'),
      );
    return [dialect, Object.fromEntries(door)];
  });
  return { ...common, doors: Object.fromEntries(own) };
}
