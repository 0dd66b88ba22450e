import { extname, join, resolve } from 'node:path';
import { netcat, type Service } from 'zocalo/service';
import { sliceModes } from './slices.ts';

/** A folder of this package, to try the service with. */
export const samples = join(import.meta.dirname, '../../../samples');

/** The file server, as the command knows it. */
export const filesService: Service = {
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
      name: 'hidden',
      type: { kind: 'switch' },
      placeholder: '',
      help: 'share hidden files as well: those whose names begin with a dot',
      default: undefined,
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
  describe: ({ dir, hidden }) =>
    `shares ${resolve(String(dir ?? samples))}${hidden === true ? ' with its hidden files' : ''}`,
  tryIt: (place) => `printf 'get_file_listing\\r\\nquit\\r\\n' | ${netcat(place)}`,
  module: new URL(`./files${extname(import.meta.filename)}`, import.meta.url),
};
