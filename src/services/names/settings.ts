import type { Setting, Settings } from '../service.ts';

/** The settings of the service beyond those of every server; the ports and quotas are of its doors. */
export const namesSettings: readonly Setting[] = [
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

/** What the service is unless told otherwise: small, so that there is a line, and quick to let the next one in. */
export const namesDefaults: Settings = {
  port: 5_353,
  'line-port': 5_300,
  'max-clients': 3,
  'max-waiting': 128,
  'max-per-address': 1,
  'max-waiting-per-address': 4,
  quota: 5,
  'dns-quota': 100,
  'wait-timeout': 30_000,
  'dns-wait-timeout': 4_000,
  'idle-timeout': 10_000,
  'crowded-idle-timeout': 2_000,
  'max-session': 30_000,
};
