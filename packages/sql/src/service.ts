import { extname } from 'node:path';
import { netcat, type Service } from 'zocalo/service';

/** The server of a SQLite database, as the command knows it. */
export const sqlService: Service = {
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
      help: 'the only user who may connect through PostgreSQL (default: any)',
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
  endpoints: { postgres: { port: 'port' }, line: { port: 'line-port' } },
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
  module: new URL(`./sql${extname(import.meta.filename)}`, import.meta.url),
};
