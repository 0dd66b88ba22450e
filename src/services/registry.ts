import { extname } from 'node:path';
import { sliceModes } from './files/slices.ts';
import { namesDefaults, namesSettings } from './names/settings.ts';
import { netcat, type Service } from './service.ts';

/** The ready servers. Adding one is an entry here and a folder beside this file; only what is served is loaded. */
export const services: readonly Service[] = [
  {
    name: 'echo',
    summary: 'lines come back as they came; /clients counts who is in',
    port: 8080,
    settings: [],
    tryIt: netcat,
    module: moduleOf('echo'),
  },
  {
    name: 'reverse',
    summary: 'lines come back reversed, as people see characters',
    port: 8081,
    settings: [],
    tryIt: netcat,
    module: moduleOf('reverse'),
  },
  {
    name: 'files',
    summary: 'a folder: its list, and slices of its files',
    port: 19_500,
    settings: [
      {
        name: 'dir',
        type: { kind: 'folder' },
        placeholder: 'path',
        help: 'the folder to share; also without --dir, behind the name of the service',
        default: 'a few samples',
      },
      {
        name: 'slices',
        type: { kind: 'choice', of: sliceModes },
        placeholder: 'form',
        help: `how slices are written: ${sliceModes.join(', ')}`,
        default: 'base64',
      },
      {
        name: 'max-line',
        type: { kind: 'size', least: 512, most: 268_435_456 },
        placeholder: 'size',
        help: 'the longest request: 64KiB, 8MiB',
        default: '8MiB',
      },
    ],
    operand: 'dir',
    tryIt: (place) => `printf 'get_file_listing\\r\\nquit\\r\\n' | ${netcat(place)}`,
    module: moduleOf('files'),
  },
  {
    name: 'names',
    summary: 'a name server over TCP, and in lines on port 5300',
    port: 5_353,
    settings: namesSettings,
    defaults: namesDefaults,
    doors: {
      dns: { port: 'port', quota: 'dns-quota', waitTimeout: 'dns-wait-timeout' },
      line: { port: 'line-port', quota: 'quota', waitTimeout: 'wait-timeout' },
    },
    tryIt: ({ host, port }, dialect) =>
      dialect === 'line' ? `nc ${host} ${port}` : `dig @${host} -p ${port} +tcp localhost`,
    module: moduleOf('names'),
  },
  {
    name: 'sql',
    summary: 'a SQLite database, through PostgreSQL and through lines',
    port: 5433,
    settings: [
      {
        name: 'file',
        type: { kind: 'text' },
        placeholder: 'path',
        help: 'the database; also without --file, behind the name of the service',
        default: 'a small table of earthquakes',
      },
      {
        name: 'line-port',
        type: { kind: 'whole', least: 0, most: 65_535 },
        placeholder: 'n',
        help: 'the port of the line dialect; 0 for any that is free',
        default: '5434',
      },
      {
        name: 'read-write',
        type: { kind: 'switch' },
        placeholder: '',
        help: 'let clients change the database',
        default: undefined,
      },
      {
        name: 'create',
        type: { kind: 'switch' },
        placeholder: '',
        help: 'make the database if it is not there; with --read-write',
        default: undefined,
      },
      {
        name: 'user',
        type: { kind: 'text' },
        placeholder: 'name',
        help: 'the only user who may enter through PostgreSQL (default: anybody)',
        default: undefined,
      },
      {
        name: 'password-file',
        type: { kind: 'text' },
        placeholder: 'path',
        help: 'a file with the password, or its SCRAM verifier, in its first line; the line dialect is then closed (default: no password)',
        default: undefined,
      },
      {
        name: 'statement-timeout',
        type: { kind: 'duration' },
        placeholder: 'duration',
        help: 'the longest that a statement may take',
        default: '30s',
      },
      {
        name: 'max-rows',
        type: { kind: 'whole', least: 1 },
        placeholder: 'n',
        help: 'the most rows of one answer (default: no limit)',
        default: undefined,
      },
      {
        name: 'max-result-bytes',
        type: { kind: 'whole', least: 1 },
        placeholder: 'n',
        help: 'the most bytes of one answer (default: no limit)',
        default: undefined,
      },
    ],
    operand: 'file',
    doors: { postgres: { port: 'port' }, line: { port: 'line-port' } },
    defaults: {
      port: 5_433,
      'line-port': 5_434,
      'max-clients': 100,
      // Pools keep connections that they do not use.
      'idle-timeout': 3_600_000,
      'handler-timeout': Number.POSITIVE_INFINITY,
    },
    tryIt: (place, dialect) =>
      dialect === 'line' ? netcat(place) : `psql -h ${place.path ?? place.host} -p ${place.port} quakes`,
    module: moduleOf('sql'),
  },
];

/** This copy of the package may be its sources or what was built of them. */
function moduleOf(name: string): URL {
  return new URL(`./${name}/${name}${extname(import.meta.filename)}`, import.meta.url);
}
