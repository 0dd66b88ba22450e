import type { Target } from '@zocalo/command';
import { CallbackDestination, DeviceDestination, resolvePath } from './destination.ts';
import { FilesError } from './errors.ts';
import { findAbandoned, PartialFile } from './partial-file.ts';
import { type Downloaded, type DownloadOptions, Transfer } from './transfer.ts';

export type { Downloaded, DownloadOptions };

/**
 * Fetches a file, or a part of it, to a path. A file of ours appears there only when every byte of it is there, and keeps the mode and the
 * owner of what it replaces; behind a link; a device or a pipe is written into.
 * @throws UnfinishedError when what has come is kept and can be continued; FilesError, ConnectError, or what the file system says
 */
export async function downloadToFile(
  target: Target,
  name: string,
  path: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const place = await resolvePath(path);
  if (place.kind === 'folder') throw new FilesError(`${path} is a folder; -o names a file in it`);
  if (place.kind === 'other') {
    if (options.resume === true)
      throw new FilesError(`${path} cannot be continued: it is not a regular file`);
    return new Transfer(target, name, options).run(() => DeviceDestination.open(path));
  }
  const done = await new Transfer(target, name, options).run(async (whole, begins) => {
    const continued = options.resume === true && (await PartialFile.continue(place.path, whole, begins));
    return continued || PartialFile.begin(place.path, whole);
  });
  const left = await findAbandoned(place.path).catch(() => []);
  if (left.length === 0) return done;
  const text = `earlier downloads have left ${left.join(', ')}; nothing needs that any more`;
  return { ...done, notes: [...done.notes, text] };
}

/** Fetches a file, or a part of it, and passes its bytes on in order. */
export async function download(
  target: Target,
  name: string,
  sink: (bytes: Buffer) => Promise<void>,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  return new Transfer(target, name, options).run(async () => new CallbackDestination(sink));
}
