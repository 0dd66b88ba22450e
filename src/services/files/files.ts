import { join } from 'node:path';
import { FrameTooLongError, OptionError } from '../../errors.ts';
import { BareLineFeedError, byteLines } from '../../framing/lines.ts';
import type { CloseReason } from '../../protocol/close-reason.ts';
import { type FileSlice, fileSlice } from '../../protocol/file-slice.ts';
import type { Protocol } from '../../protocol/protocol.ts';
import type { RefusalCause } from '../../protocol/refusal-cause.ts';
import { Folder } from './folder.ts';
import { LONGEST_NAME } from './names.ts';
import { commands, parseRequest, type SliceRequest } from './request.ts';
import { type SliceMode, sliceForms, sliceModes } from './slices.ts';
import { OK, status } from './status.ts';

/** What the service can be told; each has a default. */
export type FilesSettings = {
  /** The folder that is shared. Default: the samples of this package. */
  readonly dir?: string;
  /** How slices are written. Default `base64`. */
  readonly slices?: SliceMode;
  /** The longest request without its ending, in bytes. Default 8 MiB. */
  readonly 'max-line'?: number;
};

/** A folder of ours, to try the service with. */
const samples = join(import.meta.dirname, '../../../samples');
const LONGEST_LINE = 8 * 1_048_576;
/** How many names of a listing are written at once. */
const NAMES_AT_ONCE = 512;

const refusals: Partial<Record<RefusalCause, string>> = {
  full: status.full,
  'wait-timeout': status.full,
  quota: status.quota,
  draining: status.draining,
};

const farewells: Partial<Record<CloseReason, string>> = {
  'frame-timeout': status.tooSlow,
  'handler-timeout': status.internal,
  quota: status.quota,
};

/**
 * The file server: lists a folder, tells the sizes of its files, and delivers slices of them. The protocol is that of `docs/files.md`.
 * @throws OptionError for a mode of slices that there is not
 */
export default function files(settings: FilesSettings = {}): Protocol<Buffer> {
  const { dir = samples, slices = 'base64', 'max-line': maxLength = LONGEST_LINE } = settings;
  const form = sliceForms[slices];
  if (form === undefined) {
    throw new OptionError(`files: slices must be one of ${sliceModes.join(', ')}, not ${slices}`);
  }
  const folder = new Folder(dir);

  async function metadata(name: string): Promise<string> {
    const found = await open(name);
    if (found === undefined) return status.noSuchFile;
    await found.close();
    return `${OK}${found.size}\r\n`;
  }

  async function slice({ name, offset, size, raw }: SliceRequest): Promise<string | (string | FileSlice)[]> {
    const found = await open(name);
    if (found === undefined) return status.noSuchFile;
    if (offset + size > found.size) {
      await found.close();
      return status.beyondEnd;
    }
    if (raw) return [`${OK}Content-Length: ${size}\r\n\r\n`, fileSlice(found, offset, size)];
    return [OK, fileSlice(found, offset, size, form.encoder), form.ending(size)];
  }

  function open(name: string) {
    return name.length > LONGEST_NAME ? undefined : folder.open(name);
  }

  async function* listing(): AsyncGenerator<string> {
    // Whether the folder can be read is known with its first names.
    let start = OK;
    for await (const names of folder.names(NAMES_AT_ONCE)) {
      yield start + names.map((name) => `${name}\r\n`).join('');
      start = '';
    }
    yield '\r\n';
  }

  return {
    name: 'files',
    framing: byteLines({ ending: 'strict-crlf', maxLength }),
    message(line, client) {
      const request = parseRequest(line);
      if (typeof request === 'string') {
        if (request === status.empty) client.end();
        return request;
      }
      switch (request.command) {
        case 'get_file_listing':
          return listing();
        case 'get_metadata':
          return metadata(request.name);
        case 'get_slice':
          return slice(request);
        case 'help':
          return `${OK}${commands.map((command) => `${command}\r\n`).join('')}\r\n`;
        case 'quit':
          client.end();
          return OK;
      }
    },
    error(error) {
      if (error instanceof BareLineFeedError) return status.badEnding;
      return error instanceof FrameTooLongError ? status.tooLong : status.internal;
    },
    refuse: (cause) => refusals[cause],
    farewell: (reason) => farewells[reason],
  };
}
