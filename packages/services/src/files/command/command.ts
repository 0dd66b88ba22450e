import { FAILED, Failure, OK, parseTarget, type Target, targetForms, UsageError } from '@zocalo/command';
import { addFlag, givenFlags } from '@zocalo/command/settings';
import { type Command, Option } from 'commander';
import type { Setting } from 'zocalo/service';
import { FilesError } from '../client/errors.ts';
import type { FilesConnection } from '../client/files-connection.ts';
import { type FilesOptions, FilesServer } from '../client/files-server.ts';
import { type RetryOptions, withRetries } from '../client/retry.ts';
import { type SliceBody, sliceBodies } from '../client/slice-bodies.ts';
import { explain, type Failed, retryText } from './error-text.ts';
import { get, type Output, outputOf, writeOut } from './get.ts';
import { longListing, shown, sorted, unaskableText, withSizes } from './listing.ts';

/** Where file servers listen, unless they are told otherwise. */
const PORT = 19_500;
/** A space or a control character would end the name in a request, and a slash lead out of the folder here. */
const NAME = /^[^\p{Cc}\p{Z}/]+$/u;

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
    name: 'retry',
    type: { kind: 'whole', least: 0, most: 1_000 },
    placeholder: 'n',
    help: 'after a failure that may pass try again, so many times in a row, after 1 s, 2 s, 4 s, up to 30 s',
    default: '0',
  },
  {
    name: 'no-verify',
    type: { kind: 'switch' },
    placeholder: '',
    help: 'do not compare what has come with the digest that the server tells',
    default: undefined,
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
  ls                  the names of the files; -l: sizes and times as well
  size <name>...      how many bytes each has
  digest <name>...    the SHA-256 of each, as sha256sum prints it
  get <name>...       fetches files into this directory

A file that is being fetched is called NAME.XXXXXXXX.zocalo-part. It gets its
own name when it is whole and its SHA-256 is that of the server's file; it
replaces what was there, and keeps its mode and owner. Links are followed, and
what is no file (a device, a pipe) is written into. A server that tells no
digests is asked for the size and both ends again, and that is said.

What has come of a download that fails stays, and --resume goes on behind it, if
it is the beginning of the server's file; also behind a NAME that is not whole.
Of a file that grows, what it had at the start is fetched.

On a terminal there is a progress bar, and a line when a file is there;
elsewhere only what went wrong or could not be verified is said.

Exit status: 0 when every byte of every file is there, 1 when something failed,
2 when the command line cannot be understood, 128 and the number of the signal
when one broke it off.

Examples:
  zocalo files localhost ls -l
  zocalo files 127.0.0.1:19500 get welcome.txt -o -
  zocalo files localhost digest backup.tar
  zocalo files 10.0.0.7 get backup.tar --parallel 4 --resume --retry 5`;

/** `zocalo files`. */
export function define(command: Command): void {
  command
    .description('List and fetch files of a file server.')
    .argument('<where>', 'where the server listens')
    .argument('<what>', 'ls, size, digest or get')
    .argument('[names...]', 'of files');
  const long = new Option('-l, --long', 'of ls: sizes and times as well');
  const output = new Option(
    '-o, --output <file>',
    'of get: what the file is called here, or a folder; - for standard output (default: its name)',
  );
  for (const option of [long, output]) command.addOption(option.helpGroup('Options:'));
  for (const setting of settings) addFlag(command, setting, 'Options:');
  command.addHelpText('after', epilogue).action(async (where: string, what: string, names: string[]) => {
    // Connections that are still being made must not keep it: all that was asked for is there, or has failed.
    process.exit(await run(where, what, names, givenFlags(command) as Flags));
  });
}

/** The flags, as far as they were given. */
type Flags = {
  readonly long?: boolean;
  readonly output?: string;
  readonly offset?: number;
  readonly length?: number;
  readonly resume?: boolean;
  readonly parallel?: number;
  readonly retry?: number;
  /** True unless it was given: commander takes it for the contrary of a flag \`verify\`. */
  readonly 'no-verify'?: boolean;
  readonly slices?: SliceBody;
  readonly timeout?: number;
};

async function run(where: string, what: string, names: readonly string[], flags: Flags): Promise<number> {
  const target = targetOf(where);
  const { timeout, slices: body, retry: retries } = flags;
  const options = { body, retries, ...(timeout === undefined ? {} : { timeoutMs: timeout }) };
  for (const name of names) expectName(name);
  if ((names.length === 0) !== (what === 'ls'))
    throw new UsageError(what === 'ls' ? 'ls takes no names' : `${what} needs the name of a file`);
  switch (what) {
    case 'ls':
      return list(target, options, flags.long === true);
    case 'size':
      return eachOf(names, options, async (name, options) => {
        const { size } = await ask(target, options, (connection) => connection.metadata(name));
        await writeOut(names.length === 1 ? `${size}\n` : `${size} ${name}\n`);
      });
    case 'digest':
      return eachOf(names, options, async (name, options) => {
        await writeOut(`${await digest(target, name, options)}  ${name}\n`);
      });
    case 'get':
      return get(target, names, outputIn(flags, names), {
        ...options,
        offset: flags.offset,
        length: flags.length,
        parallel: flags.parallel ?? 1,
        resume: flags.resume === true,
        verify: flags['no-verify'] !== false,
      });
    default:
      throw new UsageError(`there is no "${what}" here: it is ls, size, digest or get`);
  }
}

function targetOf(where: string): Target {
  const target = parseTarget(where) ?? parseTarget(`${where}:${PORT}`);
  if (target !== undefined) return target;
  throw new UsageError(`"${where}" is not a place to connect to; give HOST or ${targetForms}`);
}

function expectName(name: string): void {
  if (!NAME.test(name) || name === '.' || name === '..')
    throw new UsageError(`"${shown(name)}" cannot be the name of a file on a file server`);
}

function outputIn({ output, resume }: Flags, names: readonly string[]): Output {
  if (output === '-' && resume === true)
    throw new UsageError('--resume cannot go on with what standard output has had');
  return outputOf(output, names.length);
}

/** Has a conversation with the server, again when it breaks. */
function ask<Result>(
  target: Target,
  options: FilesOptions & RetryOptions,
  task: (connection: FilesConnection, server: FilesServer) => Promise<Result>,
): Promise<Result> {
  const server = new FilesServer(target, options);
  return withRetries(options, () => server.withConnection((connection) => task(connection, server)));
}

async function list(target: Target, options: FilesOptions & RetryOptions, long: boolean): Promise<number> {
  const onRetry = (...failed: Failed) => process.stderr.write(`zocalo: ${retryText(undefined, ...failed)}\n`);
  try {
    const entries = await ask(target, { ...options, onRetry }, async (connection) => {
      const entries = await Array.fromAsync(connection.list());
      return long ? withSizes(connection, entries) : entries;
    });
    const { listed, unaskable } = sorted(entries);
    await writeOut(long ? longListing(listed) : listed.map(({ name }) => `${shown(name)}\n`).join(''));
    if (unaskable.length > 0) process.stderr.write(`zocalo: ${unaskableText(unaskable)}\n`);
    return OK;
  } catch (error) {
    throw new Failure(explain(error), { cause: error });
  }
}

async function digest(target: Target, name: string, options: FilesOptions & RetryOptions): Promise<string> {
  const found = await ask(target, options, async (connection, server) => {
    const { size } = await connection.metadata(name);
    if (server.full) return connection.sha256(name, 0, size);
    throw new FilesError(`${name}: the server tells no digests; fetch it with get ${name} -o - | sha256sum`);
  });
  if (found !== undefined) return found;
  throw new FilesError(`${name} has become shorter while it was read`);
}

/** Does something for each file; one that fails does not keep the others from it. @returns the exit status */
async function eachOf(
  names: readonly string[],
  options: FilesOptions & RetryOptions,
  act: (name: string, options: FilesOptions & RetryOptions) => Promise<void>,
): Promise<number> {
  let status: number = OK;
  const print = (text: string) => process.stderr.write(`zocalo: ${text}\n`);
  for (const name of names) {
    try {
      await act(name, { ...options, onRetry: (...failed) => print(retryText(name, ...failed)) });
    } catch (error) {
      print(explain(error, name));
      status = FAILED;
    }
  }
  return status;
}
