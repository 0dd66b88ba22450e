import { extname } from 'node:path';
import type { Service, Setting, Settings } from 'zocalo/service';

/** The settings of the service beyond those of every server; the ports and quotas are of its endpoints. */
const namesSettings: readonly Setting[] = [
  {
    name: 'hosts',
    type: { kind: 'text' },
    placeholder: 'file',
    help: 'the hosts file to answer from; read again when it changes (default: that of the system)',
    default: undefined,
  },
  {
    name: 'upstream',
    type: { kind: 'texts' },
    placeholder: 'ip[:port]',
    help: 'a name server to ask what is not in the hosts file; may be given again (default: those of the system)',
    default: undefined,
  },
  {
    name: 'forward-private',
    type: { kind: 'switch' },
    placeholder: '',
    help: 'ask upstreams also for the reverse names of private addresses, and for home.arpa',
    default: undefined,
  },
  {
    name: 'line-port',
    type: { kind: 'whole', least: 0, most: 65_535 },
    placeholder: 'n',
    help: 'the port of the dialect of lines; 0 for any that is free',
    default: undefined,
  },
  {
    name: 'dns-quota',
    type: { kind: 'whole', least: 1 },
    placeholder: 'n',
    help: 'how many questions a client of DNS may ask; --quota is for lines',
    default: undefined,
  },
  {
    name: 'dns-wait-timeout',
    type: { kind: 'duration' },
    placeholder: 'duration',
    help: 'how long a client of DNS waits in line at most; --wait-timeout is for lines',
    default: undefined,
  },
];

/** The defaults suit a host that asks a lot at once, and let the next client in quickly when others wait. */
const namesDefaults: Settings = {
  port: 5_353,
  'line-port': 5_300,
  'max-clients': 256,
  'max-waiting': 1_024,
  // Half of the line is left to others.
  'max-waiting-per-address': 512,
  'wait-timeout': 30_000,
  // Clients such as dig wait for 5 s.
  'dns-wait-timeout': 4_000,
  'idle-timeout': 30_000,
  'idle-timeout-when-full': 2_000,
};

/** The name server, as the command knows it. */
export const namesService: Service = {
  name: 'names',
  summary: 'a name server over TCP, and in lines on port 5300',
  port: 5_353,
  settings: namesSettings,
  defaults: namesDefaults,
  endpoints: {
    dns: { port: 'port', quota: 'dns-quota', waitTimeoutMs: 'dns-wait-timeout' },
    line: { port: 'line-port', quota: 'quota', waitTimeoutMs: 'wait-timeout' },
  },
  tryIt: ({ host, port }, dialect) =>
    dialect === 'line' ? `nc ${host} ${port}` : `dig @${host} -p ${port} +tcp localhost`,
  module: new URL(`./names${extname(import.meta.filename)}`, import.meta.url),
};
