import { extname } from 'node:path';
import type { Plugin } from '@zocalo/command';
import { netcat, type Service } from 'zocalo/service';
import { filesService } from './files/server/service.ts';

const echoService: Service = {
  name: 'echo',
  summary: 'lines come back as they came; /clients counts clients',
  port: 8080,
  settings: [],
  tryIt: netcat,
  module: new URL(`./echo${extname(import.meta.filename)}`, import.meta.url),
};

const reverseService: Service = {
  name: 'reverse',
  summary: 'lines come back reversed, as people see characters',
  port: 8081,
  settings: [],
  tryIt: netcat,
  module: new URL(`./reverse${extname(import.meta.filename)}`, import.meta.url),
};

/** What this package adds to the command. */
export const plugin: Plugin = {
  services: [echoService, reverseService, filesService],
  commands: {
    files: {
      summary: 'list and fetch files of a file server',
      usage: '<where> ls|size|digest|get [<name>...] [flags]',
      load: () => import('./files/command/command.ts'),
    },
  },
};
