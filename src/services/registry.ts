import { extname } from 'node:path';
import { sliceModes } from './files/slices.ts';
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
];

/** This copy of the package may be its sources or what was built of them. */
function moduleOf(name: string): URL {
  return new URL(`./${name}/${name}${extname(import.meta.filename)}`, import.meta.url);
}
