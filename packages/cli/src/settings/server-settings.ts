import { Failure } from '@zocalo/command';
import { serverLogSettings } from '@zocalo/command/log';
import { formatSize } from '@zocalo/command/settings';
import { models, type ServeOptions, type TlsOptions } from 'zocalo';
import { balances, isolations, resolveOptions } from 'zocalo/internal';
import { formatDuration, type Service, type Setting, type SettingType } from 'zocalo/service';

/** A setting of every server: flag, key in a file, and option of `serve()`, under one name in two spellings. */
type ServerSetting = Setting & {
  readonly option: keyof ServeOptions;
  /** What it is of the option, where that is an object. */
  readonly member?: keyof TlsOptions;
  readonly group: string;
};

const defaults = resolveOptions({});
const plainDefaults: Readonly<Record<string, unknown>> = { ...defaults, ...defaults.limits };

const group = {
  address: 'Where it listens:',
  clients: 'Who may connect:',
  model: 'How clients are served at once:',
  capacity: 'How many at once:',
  limits: 'Limits for each client:',
  tls: 'TLS:',
  kernel: 'How the kernel keeps its connection:',
};
const duration: SettingType = { kind: 'duration' };
const size: SettingType = { kind: 'size', least: 1, most: 1_073_741_823 };
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
  [
    'mode',
    { kind: 'permissions' },
    'permissions',
    'the permissions of the file of a Unix socket: 660, 600 (default: what the umask leaves)',
  ],
  [
    'ipv6Only',
    { kind: 'switch' },
    '',
    'take no IPv4 clients at an IPv6 address such as :: (default: they come, too)',
  ],
  [
    'reusePort',
    { kind: 'switch' },
    '',
    'let other processes listen on the same port, which must say so as well (default: only as a worker of a cluster)',
  ],
  ['backlog', count(1), 'n', 'how many connections the kernel keeps until they are accepted'],
];
const kernel: readonly Row[] = [
  [
    'keepAliveMs',
    duration,
    'duration',
    'the silence after which the kernel asks whether a client is still there',
  ],
  [
    'busyPollUs',
    count(0),
    'n',
    'for how many microseconds the next message of a client that is alone is looked for without waiting',
  ],
  ['maxUnsent', size, 'size', 'how much of what is sent may stand in the kernel before it is on its way'],
  ['sendBuffer', size, 'size', "the kernel's send buffer of each client (default: it grows as needed)"],
  ['receiveBuffer', size, 'size', "the kernel's receive buffer of each client (default: it grows as needed)"],
];
const clients: readonly Row[] = [
  [
    'allow',
    { kind: 'networks' },
    'network',
    'who may connect: an address, or a network such as 10.0.0.0/8; may be given again (default: all)',
  ],
  [
    'deny',
    { kind: 'networks' },
    'network',
    'who may not, also if allowed; may be given again (default: none)',
  ],
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
const capacity: readonly Row[] = [
  [
    'maxClients',
    count(1),
    'n',
    'how many clients are served at once (default: 10000; as many as a pool has workers; 1 for iterative; 256 with a worker each)',
  ],
  ['maxWaiting', count(0), 'n', 'how many more wait in line when that many are in'],
  ['waitTimeoutMs', duration, 'duration', 'how long a client waits at most, in line and for a worker'],
  [
    'maxPerAddress',
    count(1),
    'n',
    'how many of an address are in and wait; one more is refused (default: no limit)',
  ],
  [
    'fairSharePerAddress',
    count(1),
    'n',
    'how many of an address are let in while others wait (default: no limit)',
  ],
  ['maxWaitingPerAddress', count(0), 'n', 'how many of an address wait in line (default: no limit)'],
  ['ipv6Prefix', count(1, 128), 'bits', 'how many bits of an IPv6 address are counted as one address'],
  [
    'whenFull',
    { kind: 'choice', of: ['refuse', 'backlog'] },
    'how',
    'server and line are full: refuse the next client, or backlog to leave it in the kernel',
  ],
  [
    'drainTimeoutMs',
    duration,
    'duration',
    'how long the answers in progress may take once the server is defined to stop',
  ],
];
const limits: readonly Row[] = [
  ['quota', count(1), 'n', 'how many messages a client may send (default: as many as it likes)'],
  [
    'quotaPer',
    { kind: 'choice', of: ['connection', 'address'] },
    'scope',
    'whether the quota is of each connection or of each address',
  ],
  [
    'quotaRefillMs',
    duration,
    'duration',
    'the time in which a spent quota fills up (default: none; of an address, 1m)',
  ],
  ['idleTimeoutMs', duration, 'duration', 'the longest silence of a client'],
  [
    'idleTimeoutWhenFullMs',
    duration,
    'duration',
    'the same, for a frame and a slow reader too, while others wait in line',
  ],
  ['frameTimeoutMs', duration, 'duration', 'the longest time from the first byte of a message to its last'],
  ['writeTimeoutMs', duration, 'duration', 'the longest time in which a client takes nothing of its answer'],
  ['handlerTimeoutMs', duration, 'duration', 'the longest time an answer may need, or its next piece'],
  ['maxSessionMs', duration, 'duration', 'the longest connection'],
];

type TlsRow = [name: string, member: keyof TlsOptions, type: SettingType, placeholder: string, help: string];

const tls: readonly TlsRow[] = [
  [
    'tls-cert',
    'cert',
    { kind: 'file' },
    'file',
    'the certificate and its chain, in PEM; clients come over TLS then',
  ],
  ['tls-key', 'key', { kind: 'file' }, 'file', 'the private key of the certificate, in PEM'],
  [
    'tls-passphrase-file',
    'passphrase',
    { kind: 'file' },
    'file',
    'what the private key is encrypted with, in the first line of a file',
  ],
  [
    'tls-min-version',
    'minVersion',
    { kind: 'choice', of: ['TLSv1.2', 'TLSv1.3'] },
    'version',
    'the oldest version of TLS (default: TLSv1.2)',
  ],
  [
    'tls-client-certificates',
    'clientCertificates',
    { kind: 'choice', of: ['request', 'require'] },
    'how',
    'whether clients are asked for a certificate, or must have one (default: not asked)',
  ],
  [
    'tls-ca',
    'ca',
    { kind: 'file' },
    'file',
    'the authorities that certificates of clients must come from, in PEM',
  ],
  [
    'handshake-timeout',
    'handshakeTimeoutMs',
    duration,
    'duration',
    'the longest time for the TLS handshake (default: 10s)',
  ],
];

/** The settings of every server, in the order of the help. */
export const serverSettings: readonly ServerSetting[] = [
  ...address.map((row) => setting(group.address, row)),
  ...clients.map((row) => setting(group.clients, row)),
  ...model.map((row) => setting(group.model, row)),
  ...capacity.map((row) => setting(group.capacity, row)),
  ...limits.map((row) => setting(group.limits, row)),
  ...tls.map(
    ([name, member, type, placeholder, help]): ServerSetting => ({
      ...{ name, member, type, placeholder, help, option: 'tls', group: group.tls, default: undefined },
    }),
  ),
  ...kernel.map((row) => setting(group.kernel, row)),
];

function setting(heading: string, [option, type, placeholder, help]: Row): ServerSetting {
  // A flag says its unit in its value, or in its help; an option in its name.
  const name = option.replace(/(Ms|Us)$/, '').replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  return { name, option, type, placeholder, help, group: heading, default: defaultOf(option, type, help) };
}

function defaultOf(option: keyof ServeOptions, type: SettingType, help: string): string | undefined {
  const value = plainDefaults[option];
  return value === undefined || help.includes('(default: ') ? undefined : write(type, value);
}

function write(type: SettingType, value: unknown): string {
  if (type.kind === 'duration') return formatDuration(value as number);
  return type.kind === 'size' ? formatSize(value as number) : String(value);
}

/**
 * A message of `serve()` with its options named as they were given: `--max-clients`. Options whose names are ordinary words are
 * recognized by the text beside them.
 */
export function nameOptions(message: string, settingText: (setting: string) => string): string {
  return serverSettings.reduce((text, { option, member, name }) => {
    if (member !== undefined) return text.replaceAll(`${option}.${member}`, settingText(name));
    const place = /[A-Z]/.test(option)
      ? `\\b${option}\\b`
      : `(?<=^|no use for |: )${option}(?= must | cannot |: )|(?<=no use for |needs )${option}\\b`;
    return text.replace(new RegExp(place, 'g'), settingText(name));
  }, message);
}

/** What is a flag of every server, or a key of its table in a file. */
const reserved = [
  'help',
  'service',
  'module',
  ...[...serverSettings, ...serverLogSettings].map(({ name }) => name),
];

/**
 * The settings of one server: those of its service first.
 * @throws Failure for a service with a setting whose name is taken
 */
export function settingsOf(service: Service | undefined): readonly Setting[] {
  const own = service?.settings ?? [];
  const taken = own.find(({ name }) => reserved.includes(name));
  if (taken === undefined) return [...own, ...serverSettings];
  throw new Failure(`the service ${service?.name} has a setting "${taken.name}", which every server has`);
}

/** The setting with the default that it has for a service. */
export function withServiceDefault(service: Service | undefined, setting: Setting): Setting {
  const value = service?.defaults?.[setting.name];
  if (value === undefined) return setting;
  const help = setting.help.replace(/ \(default: .*\)$/, '');
  return { ...setting, help, default: write(setting.type, value) };
}
