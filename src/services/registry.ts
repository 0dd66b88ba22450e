import { extname } from 'node:path';
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
];

/** This copy of the package may be its sources or what was built of them. */
function moduleOf(name: string): URL {
  return new URL(`./${name}/${name}${extname(import.meta.filename)}`, import.meta.url);
}
