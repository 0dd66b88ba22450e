import type { Target } from '../target.ts';
import { FilesError } from './errors.ts';
import { FilesConnection, type FilesOptions } from './files-connection.ts';
import { fetchInOrder } from './parallel.ts';
import { PartialFile } from './partial-file.ts';

/** What of a file is fetched, and how. */
export type DownloadOptions = FilesOptions & {
  /** Where to begin. Default 0. */
  readonly offset?: number | undefined;
  /** How many bytes. Default: up to the end. */
  readonly length?: number | undefined;
  /** Whether to go on where an earlier download ended. Default false. */
  readonly resume?: boolean;
  /** Over how many connections at once. Default 1. */
  readonly parallel?: number;
  /** Told how many bytes are there, of how many: first what was there already, then whenever more have come. */
  readonly onProgress?: (there: number, whole: number) => void;
};

/** Where the bytes go, in order. */
type Sink = (bytes: Buffer) => Promise<void>;

/**
 * Fetches a file, or a part of it, into a file of ours, which appears only when every byte of it is there.
 * @throws FilesError, ConnectError, or what the file system says; what has come by then can be continued
 */
export async function downloadToFile(
  target: Target,
  name: string,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  await FilesConnection.during(target, options, (connection) =>
    downloadOver(connection, target, name, path, options),
  );
}

async function downloadOver(
  connection: FilesConnection,
  target: Target,
  name: string,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { offset, length } = await rangeOf(connection, name, options);
  const file = await PartialFile.open(path, options.resume === true, length);
  try {
    if (file.length > length)
      throw new FilesError(`${path}.part cannot be continued: it has more than the ${length} bytes to come`);
    if (file.length > 0) await compareEnd(connection, name, offset, file);
    const sink = (bytes: Buffer) => file.append(bytes);
    await fetch(target, connection, name, offset, { from: file.length, to: length }, sink, options);
  } catch (error) {
    await file.leave();
    throw error;
  }
  await file.finish();
}

/** Fetches a file, or a part of it, and hands its bytes over in order. */
export async function download(
  target: Target,
  name: string,
  sink: Sink,
  options: DownloadOptions = {},
): Promise<void> {
  await FilesConnection.during(target, options, async (connection) => {
    const { offset, length } = await rangeOf(connection, name, options);
    await fetch(target, connection, name, offset, { from: 0, to: length }, sink, options);
  });
}

async function fetch(
  target: Target,
  connection: FilesConnection,
  name: string,
  offset: number,
  { from, to }: { from: number; to: number },
  sink: Sink,
  options: DownloadOptions,
): Promise<void> {
  const size = await connection.size(name);
  let there = from;
  options.onProgress?.(there, to);
  const counted = async (bytes: Buffer) => {
    await sink(bytes);
    there += bytes.length;
    options.onProgress?.(there, to);
  };
  const range = { offset: offset + from, length: to - from };
  if ((options.parallel ?? 1) > 1) {
    await fetchInOrder(
      () => FilesConnection.open(target, options),
      options.parallel ?? 1,
      name,
      range,
      counted,
    );
  } else for await (const bytes of connection.slice(name, range.offset, range.length)) await counted(bytes);
  if (there !== to) throw new FilesError(`${name}: ${there} bytes have come of ${to}`);
  if ((await connection.size(name)) !== size)
    throw new FilesError(`${name} has changed while it was fetched`);
}

async function rangeOf(
  connection: FilesConnection,
  name: string,
  { offset = 0, length }: DownloadOptions,
): Promise<{ offset: number; length: number }> {
  const size = await connection.size(name);
  if (offset + (length ?? 0) > size)
    throw new FilesError(`${name} has only ${size} bytes, and what was asked for lies beyond`);
  return { offset, length: length ?? size - offset };
}

/** What is continued must be the beginning of what the server has. */
async function compareEnd(
  connection: FilesConnection,
  name: string,
  offset: number,
  file: PartialFile,
): Promise<void> {
  const end = await file.end();
  let at = 0;
  for await (const bytes of connection.slice(name, offset + end.offset, end.bytes.length)) {
    if (!bytes.equals(end.bytes.subarray(at, at + bytes.length)))
      throw new FilesError(`${file.path} cannot be continued: what is there is not the beginning of ${name}`);
    at += bytes.length;
  }
}
