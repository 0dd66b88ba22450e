import { type Command, Option } from 'commander';
import { type DownloadOptions, download, downloadToFile } from '../client/files/download.ts';
import { FilesError } from '../client/files/errors.ts';
import { FilesConnection, type FilesOptions } from '../client/files/files-connection.ts';
import { type SliceBody, sliceBodies } from '../client/files/slice-bodies.ts';
import { parseTarget, type Target, targetForms } from '../client/target.ts';
import { ZocaloError } from '../errors.ts';
import type { Setting } from '../services/service.ts';
import { FAILED, Failure, OK, oneLine, UsageError } from './failure.ts';
import { TransferBar } from './files-progress.ts';
import { addFlag, givenFlags } from './flags.ts';

/** Where file servers listen, unless they are told otherwise. */
const PORT = 19_500;
/** Most names are of servers like ours; a space would end the name, and a slash lead out of the folder here. */
const NAME = /^[!-.0-~]+$/;

const settings: readonly Setting[] = [
  {
    name: 'offset',
    type: { kind: 'whole', least: 0 },
    placeholder: 'n',
    help: 'begin at this byte',
    default: '0',
  },
  {
    name: 'length',
    type: { kind: 'whole', least: 0 },
    placeholder: 'n',
    help: 'fetch so many bytes (default: up to the end)',
    default: undefined,
  },
  {
    name: 'resume',
    type: { kind: 'switch' },
    placeholder: '',
    help: 'go on where an earlier download ended',
    default: undefined,
  },
  {
    name: 'parallel',
    type: { kind: 'whole', least: 1, most: 32 },
    placeholder: 'n',
    help: 'fetch over so many connections at once',
    default: '1',
  },
  {
    name: 'slices',
    type: { kind: 'choice', of: sliceBodies },
    placeholder: 'form',
    help: `how the server writes slices: ${sliceBodies.join(', ')} (default: raw ones are asked for, else base64)`,
    default: undefined,
  },
  {
    name: 'timeout',
    type: { kind: 'duration' },
    placeholder: 'duration',
    help: 'how long connecting, and any silence of the server, may last',
    default: '30s',
  },
];

const epilogue = `
<where> is HOST or HOST:PORT, such as localhost, 127.0.0.1:19500 or [::1]:7000
(the port is ${PORT} unless given), or the path of a Unix socket.

What to do:
  ls                the names of the files, sorted
  size <name>...    how many bytes each has
  get <name>...     fetches files into this directory

A file that is being fetched is called NAME.part. It gets its own name when it
is whole and of the size that the server told, and replaces what was there. What
has come of one that fails stays as NAME.part, and --resume goes on behind it,
after a comparison of its last bytes with those of the server. Of a NAME without
a .part beside it, --resume fetches what is missing.

On a terminal there is a progress bar; otherwise nothing is said but failures.

Exit status: 0 when every byte of every file is there, 1 when something failed,
or 2 when the command line cannot be understood.

Examples:
  zocalo files localhost ls
  zocalo files 127.0.0.1:19500 get welcome.txt -o -
  zocalo files 10.0.0.7 get backup.tar --parallel 4 --resume`;

/** `zocalo files`. */
export function define(command: Command): void {
  command
    .description('List and fetch files of a file server.')
    .argument('<where>', 'where the server listens')
    .argument('<what>', 'ls, size or get')
    .argument('[names...]', 'of files');
  const output = 'what the file is called here; - for standard output (default: its name)';
  command.addOption(new Option('-o, --output <file>', output).helpGroup('Options:'));
  for (const setting of settings) addFlag(command, setting, 'Options:');
  command.addHelpText('after', epilogue).action(async (where: string, what: string, names: string[]) => {
    process.exitCode = await run(where, what, names, givenFlags(command));
  });
}

async function run(
  where: string,
  what: string,
  names: readonly string[],
  flags: Readonly<Record<string, unknown>>,
): Promise<number> {
  const target = targetOf(where);
  const { timeout, slices: body } = flags as { timeout?: number; slices?: SliceBody };
  const options: FilesOptions = { body, ...(timeout === undefined ? {} : { timeout }) };
  for (const name of names)
    if (!NAME.test(name)) throw new UsageError(`"${name}" cannot be the name of a file on a file server`);
  if ((names.length === 0) !== (what === 'ls'))
    throw new UsageError(what === 'ls' ? 'ls takes no names' : `${what} needs the name of a file`);
  switch (what) {
    case 'ls':
      return list(target, options);
    case 'size':
      return eachOf(names, (name) => printSize(target, name, options));
    case 'get':
      return get(target, names, options, flags);
    default:
      throw new UsageError(`there is no "${what}" here: it is ls, size or get`);
  }
}

function targetOf(where: string): Target {
  const target = parseTarget(where) ?? parseTarget(`${where}:${PORT}`);
  if (target !== undefined) return target;
  throw new UsageError(`"${where}" is not a place to connect to; give HOST or ${targetForms}`);
}

async function list(target: Target, options: FilesOptions): Promise<number> {
  try {
    const names = await FilesConnection.during(target, options, (connection) =>
      Array.fromAsync(connection.names()),
    );
    process.stdout.write(
      names
        .sort()
        .map((name) => `${name}\n`)
        .join(''),
    );
    return OK;
  } catch (error) {
    throw new Failure(explain(error), { cause: error });
  }
}

async function printSize(target: Target, name: string, options: FilesOptions): Promise<void> {
  const size = await FilesConnection.during(target, options, (connection) => connection.size(name));
  process.stdout.write(`${size}\n`);
}

async function get(
  target: Target,
  names: readonly string[],
  options: FilesOptions,
  flags: Readonly<Record<string, unknown>>,
): Promise<number> {
  const { output } = flags as { output?: string };
  if (output !== undefined && names.length > 1)
    throw new UsageError('--output names one file, and there are several');
  if (output === '-' && flags.resume === true)
    throw new UsageError('--resume cannot go on with what standard output has had');
  return eachOf(names, async (name) => {
    const bar = new TransferBar(name, process.stderr);
    const all: DownloadOptions = {
      ...options,
      offset: flags.offset as number | undefined,
      length: flags.length as number | undefined,
      parallel: (flags.parallel as number | undefined) ?? 1,
      resume: flags.resume === true,
      onProgress: (there, whole) => bar.update(there, whole),
    };
    try {
      if (output === '-') await download(target, name, writeOut, all);
      else await downloadToFile(target, name, output ?? name, all);
    } finally {
      bar.stop();
    }
  });
}

/** Writes to standard output, no faster than it is read. */
function writeOut(bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error) reject(new FilesError('nobody reads standard output any more', undefined, { cause: error }));
      else resolve();
    });
  });
}

/** Does something for each file; one that fails does not keep the others from it. @returns the exit status */
async function eachOf(names: readonly string[], act: (name: string) => Promise<void>): Promise<number> {
  let status: number = OK;
  for (const name of names) {
    try {
      await act(name);
    } catch (error) {
      process.stderr.write(`zocalo: ${explain(error)}\n`);
      status = FAILED;
    }
  }
  return status;
}

/** What went wrong, where it is not a mistake of ours. */
function explain(error: unknown): string {
  const known = error instanceof FilesError || error instanceof ZocaloError;
  const ofSystem = error instanceof Error && 'syscall' in error;
  if (known || ofSystem) return oneLine(error);
  throw error;
}
