import { resolve } from 'node:path';
import {
  BareLineFeedError,
  byteLines,
  type CloseReason,
  type FileSlice,
  FrameTooLongError,
  fileSlice,
  type Protocol,
  type RefusalCause,
} from 'zocalo';
import { checkSettings, oneOf, whole } from 'zocalo/service';
import { sha256 } from './digest.ts';
import { Folder } from './folder.ts';
import { formatTime, type Identity } from './identity.ts';
import {
  commands,
  MAX_NAME_BYTES,
  OK,
  parseRequest,
  type SliceRequest,
  type Status,
  status,
} from './protocol.ts';
import type { RegularFile } from './regular-file.ts';
import { filesService, samples } from './service.ts';
import { type SliceMode, sliceForms, sliceModes } from './slices.ts';

/** The settings of the service; each has a default. */
export type FilesSettings = {
  /** The folder that is shared. Default: the samples of this package. */
  readonly dir?: string;
  /** Whether hidden files, whose names begin with a dot, are shared as well. Default false. */
  readonly hidden?: boolean;
  /** How slices are written. Default `base64`. */
  readonly slices?: SliceMode;
  /** The longest request without its ending, in bytes. Default 8 MiB. */
  readonly 'max-line'?: number;
};

const DEFAULT_MAX_LINE_BYTES = 8 * 1_048_576;
/** How many names of a listing are written at once. */
const NAMES_PER_CHUNK = 512;

const refusals: Partial<Record<RefusalCause, string>> = {
  full: status.full,
  'wait-timeout': status.full,
  address: status.full,
  'address-limit': status.full,
  'no-worker': status.full,
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
 * @throws OptionError for a mode of slices that there is not, or another setting that cannot be used
 */
export default function files(settings: FilesSettings = {}): Protocol<Buffer> {
  checkSettings(filesService, settings);
  const {
    dir = samples,
    hidden = false,
    slices = 'base64',
    'max-line': maxLength = DEFAULT_MAX_LINE_BYTES,
  } = settings;
  const form = sliceForms[oneOf('files: slices', slices, sliceModes)];
  whole('files: max-line', maxLength, 1, undefined, ' of bytes');
  const folder = new Folder(dir, hidden);

  /** What a file is; it is not kept open. */
  async function metadata(name: string, full: boolean): Promise<string> {
    const found = await open(name);
    if (found === undefined) return status.noSuchFile;
    try {
      return `${OK}${full ? describe(await found.identity()) : `${found.size}\r\n`}`;
    } finally {
      await found.close();
    }
  }

  async function slice(request: SliceRequest): Promise<string | (string | FileSlice)[]> {
    const { name, offset, size } = request;
    const found = await open(name);
    if (found === undefined) return status.noSuchFile;
    const refused = await refusal(request, found);
    if (refused !== undefined) return refused;
    if (request.form === 'raw')
      return [`${OK}Content-Length: ${size}\r\n\r\n`, fileSlice(found, offset, size)];
    return [OK, fileSlice(found, offset, size, form.encoder), form.ending(size)];
  }

  /** A generator that is not pulled does nothing, so it opens the file itself. */
  async function* digest(request: SliceRequest): AsyncGenerator<string> {
    const { name, offset, size } = request;
    const found = await open(name);
    const refused = found === undefined ? status.noSuchFile : await refusal(request, found);
    if (found === undefined || refused !== undefined) {
      yield refused ?? status.noSuchFile;
      return;
    }
    try {
      yield OK;
      const digesting = sha256(found, offset, size);
      let step = await digesting.next();
      for (; step.done !== true; step = await digesting.next()) yield `Hashed: ${step.value}\r\n`;
      yield step.value === undefined ? '\r\n' : `SHA-256: ${step.value}\r\n\r\n`;
    } finally {
      await found.close();
    }
  }

  /** Why a slice cannot be had of a file, which is closed then. */
  async function refusal(
    { offset, size, version }: SliceRequest,
    found: RegularFile,
  ): Promise<Status | undefined> {
    let refused: Status | undefined;
    try {
      const now = version === undefined ? undefined : await found.identity();
      if (now?.version !== version) refused = status.otherVersion;
      else if (offset + size > (now ?? found).size) refused = status.beyondEnd;
    } catch (error) {
      await found.close();
      throw error;
    }
    if (refused !== undefined) await found.close();
    return refused;
  }

  function open(name: string) {
    return name.length > MAX_NAME_BYTES ? undefined : folder.open(name);
  }

  async function* listing(full: boolean): AsyncGenerator<string> {
    // Whether the folder can be read is known with its first names.
    let start = OK;
    for await (const { names, unlistable } of folder.names(NAMES_PER_CHUNK)) {
      const lines = full ? await Promise.all(names.map(line)) : names.map((name) => `${name}\r\n`);
      if (full)
        for (const name of unlistable) lines.push(`- - ${encodeURIComponent(name.toWellFormed())}\r\n`);
      yield start + lines.join('');
      start = '';
    }
    yield '\r\n';
  }

  /** A line of the full listing; nothing for a file that has vanished. */
  async function line(name: string): Promise<string> {
    const found = await folder.stat(name);
    return found === undefined ? '' : `${found.size} ${formatTime(found.mtimeNs)} ${name}\r\n`;
  }

  return {
    name: 'files',
    framing: byteLines({ ending: 'strict-crlf', maxLength }),
    listening(_addresses, notify) {
      // A large folder must not delay the start.
      void describeUnlistable(folder, dir).then((text) => text !== undefined && notify(text));
    },
    message(line, client) {
      const request = parseRequest(line);
      if (typeof request === 'string') {
        if (request === status.empty) client.end();
        return request;
      }
      switch (request.command) {
        case 'get_file_listing':
          return listing(request.full);
        case 'get_metadata':
          return metadata(request.name, request.full);
        case 'get_slice':
          return request.form === 'sha256' ? digest(request) : slice(request);
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

function describe({ size, modified, file, version }: Identity): string {
  return `Size: ${size}\r\nModified: ${modified}\r\nFile: ${file}\r\nVersion: ${version}\r\n\r\n`;
}

/** A name in quotes, with control characters escaped. */
function quote(name: string): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(name).replace(/[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, escaped);
}

/** How many names are quoted in a notice. */
const MAX_QUOTED_NAMES = 5;

/** Names the files that no client can ask for; undefined when there are none, or the folder cannot be read. */
async function describeUnlistable(folder: Folder, dir: string): Promise<string | undefined> {
  const all: string[] = [];
  try {
    for await (const { unlistable } of folder.names(NAMES_PER_CHUNK)) all.push(...unlistable);
  } catch {
    // The folder may be there later: every request looks it up again.
  }
  if (all.length === 0) return undefined;
  const quoted = all.sort().slice(0, MAX_QUOTED_NAMES).map(quote);
  const more = all.length > MAX_QUOTED_NAMES ? `, and ${all.length - MAX_QUOTED_NAMES} more` : '';
  const files = all.length === 1 ? '1 file is' : `${all.length} files are`;
  return `${files} not served, since requests can only name letters, digits, ".", "_" and "-": ${quoted.join(', ')}${more} (in ${resolve(dir)})`;
}

export { sliceForms } from './slices.ts';
