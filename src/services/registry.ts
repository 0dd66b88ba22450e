import { extname } from 'node:path';
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
];

/** This copy of the package may be its sources or what was built of them. */
function moduleOf(name: string): URL {
  return new URL(`./${name}/${name}${extname(import.meta.filename)}`, import.meta.url);
}
