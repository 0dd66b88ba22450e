import type { Socket } from 'node:net';
import { visible } from '@zocalo/command';
import { FilesError, NotUnderstoodError } from './errors.ts';
import type { ReplyReader } from './reply-reader.ts';
import { readBody, readBytes, type SliceBody } from './slice-bodies.ts';

/** What is told of a file. A server that does not know full metadata tells its size alone. */
export type Metadata = {
  /** In bytes. */
  readonly size: number;
  /** When its content was last changed: RFC 3339, with nanoseconds. */
  readonly modified?: string;
  /** The same as long as it is the same file, however it changes. */
  readonly file?: string;
  /** Another with every change. */
  readonly version?: string;
};

/** A file of a listing: what {@link Metadata} says of it; or whether it is there and cannot be asked for. */
export type Entry = {
  readonly name: string;
  readonly size?: number;
  readonly modified?: string;
  readonly unaskable?: boolean;
};

/** What is known of a server, from one connection to the next. */
export type ServerFeatures = {
  /** Whether it knows full metadata, versions and digests; undefined: not yet tried. */
  full: boolean | undefined;
  /** How it writes slices; undefined: raw ones are asked for. */
  body: SliceBody | undefined;
};

/** Codes of refusals, from docs/files.md. */
const [UNAVAILABLE, BAD_ARGUMENTS] = [199, 201];
export const OTHER_VERSION = 204;
/** More lines than this are no metadata. */
const MAX_METADATA_LINES = 100;
/** How long the answer to `quit` is waited for. */
const QUIT_TIMEOUT_MS = 1_000;

/** A connection to a file server: one request after the other. */
export class FilesConnection implements Disposable {
  readonly #socket: Socket;
  readonly #reader: ReplyReader;
  readonly #features: ServerFeatures;
  /** Whether it has answered as a file server does. */
  #understood = false;

  constructor(socket: Socket, reader: ReplyReader, features: ServerFeatures) {
    this.#socket = socket;
    this.#reader = reader;
    this.#features = features;
  }

  /** The files, as they come. */
  async *list(): AsyncGenerator<Entry> {
    const full = this.#features.full !== false && (await this.#probe('get_file_listing full', 'the folder'));
    if (!full) await this.#request('get_file_listing', 'the folder');
    for (;;) {
      const line = await this.#reader.line();
      if (line === '') break;
      yield (full && this.#features.full !== false ? parseEntry(line) : undefined) ?? this.#plainEntry(line);
    }
    this.#features.full ??= full;
  }

  /** What is told of a file. @throws FilesError when there is no such file */
  async metadata(name: string): Promise<Metadata> {
    const full = this.#features.full !== false && (await this.#probe(`get_metadata ${name} full`, name));
    if (!full) await this.#request(`get_metadata ${name}`, name);
    const line = await this.#reader.line();
    // There are servers that do not look at what stands behind the name.
    this.#features.full = full && !/^\d+$/.test(line);
    return this.#features.full ? parseMetadata(await this.#fields(line)) : { size: toLength(line) };
  }

  /**
   * A part of a file, in pieces as they come. They must all be taken before anything else is asked.
   * @param version the only one that is wanted, of a server that knows versions: it refuses others with {@link OTHER_VERSION}
   */
  async *slice(name: string, offset: number, length: number, version?: string): AsyncGenerator<Buffer> {
    const request = `get_slice ${name} ${offset} ${length}`;
    const pinned = version === undefined ? '' : ` ${version}`;
    if (this.#features.body === undefined && (await this.#requestRaw(`${request} raw${pinned}`, name))) {
      const announced = /^Content-Length: (\d+)$/i.exec(await this.#reader.line())?.[1] ?? '';
      if (toLength(announced) !== length || (await this.#reader.line()) !== '')
        throw new FilesError(`the server announced other bytes of ${name} than it was asked for`);
      yield* readBytes(this.#reader, length);
      return;
    }
    await this.#request(request, name);
    yield* readBody(this.#features.body ?? 'base64', this.#reader, length);
  }

  /**
   * The SHA-256 of a part of a file, in hexadecimal digits; undefined when the file has become shorter.
   * @param onProgress told how many bytes the server has read
   */
  async sha256(
    name: string,
    offset: number,
    length: number,
    onProgress?: (done: number) => void,
  ): Promise<string | undefined> {
    await this.#request(`get_slice ${name} ${offset} ${length} sha256`, name);
    let digest: string | undefined;
    for (let line = await this.#reader.line(); line !== ''; line = await this.#reader.line()) {
      const { 'sha-256': found, hashed } = parseField(line);
      if (hashed !== undefined) onProgress?.(toLength(hashed));
      digest ??= found?.toLowerCase();
    }
    return digest;
  }

  /** Sends `quit`, and closes the connection. */
  async quit(): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), QUIT_TIMEOUT_MS);
    try {
      await this.#request('quit', 'quit');
    } catch {
      // All that was asked for has come.
    } finally {
      clearTimeout(timer);
      this.#socket.destroy();
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** A line of a server that tells names alone, whatever it was asked for. */
  #plainEntry(line: string): Entry {
    this.#features.full = false;
    return { name: line };
  }

  /** Lines `KEY: VALUE` up to an empty one. */
  async #fields(first: string): Promise<Readonly<Record<string, string>>> {
    const facts: Record<string, string> = {};
    let line = first;
    for (let left = MAX_METADATA_LINES; line !== '' && left > 0; left--) {
      Object.assign(facts, parseField(line));
      line = await this.#reader.line();
    }
    if (line === '') return facts;
    throw new FilesError('the server sent something that is no reply: lines without an end');
  }

  /**
   * Asks something that an older server does not know.
   * @returns false when it refuses; it can be asked otherwise then
   * @throws NotUnderstoodError when it closes the connection; it is not asked that again
   */
  async #probe(request: string, about: string): Promise<boolean> {
    try {
      await this.#request(request, about);
      return true;
    } catch (error) {
      if (this.#features.full === true || !(error instanceof FilesError)) throw error;
      const { status, kind, message } = error;
      if (kind === 'closed' || (status !== undefined && status < UNAVAILABLE)) {
        this.#features.full = false;
        throw new NotUnderstoodError(message, { cause: error });
      }
      if (status === undefined || status === UNAVAILABLE) throw error;
      return false;
    }
  }

  /** @returns false, now and from now on, when the server does not know raw slices */
  async #requestRaw(request: string, about: string): Promise<boolean> {
    try {
      await this.#request(request, about);
      return true;
    } catch (error) {
      if (!(error instanceof FilesError) || error.status !== BAD_ARGUMENTS) throw error;
      this.#features.body = 'base64';
      return false;
    }
  }

  /** Sends a request. @throws FilesError when it is refused */
  async #request(request: string, about: string): Promise<void> {
    this.#socket.write(`${request}\r\n`);
    const line = await this.#reader.line();
    const parts = /^(\d{1,3}) (.*)$/.exec(line);
    if (parts === null)
      throw new FilesError(
        this.#understood
          ? `the server says ${quote(line)} where a reply must begin`
          : 'it is no file server: its reply begins without a code',
      );
    this.#understood = true;
    const status = Number(parts[1]);
    if (status !== 0) throw new FilesError(`${about}: the server says ${quote(line)}`, { status });
  }
}

function parseEntry(line: string): Entry | undefined {
  const [, size = '', modified = '', name = ''] = /^(\d+|-) (\S+) (.+)$/.exec(line) ?? [];
  if (name === '') return undefined;
  if (size !== '-') return { name, size: toLength(size), modified };
  return { name: decodeName(name), unaskable: true };
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Keys in any case, as in other protocols with lines like these. */
function parseField(line: string): Readonly<Record<string, string>> {
  const [, key = '', value = ''] = /^([\w-]+): *(.*)$/.exec(line) ?? [];
  if (key === '') throw new FilesError(`the server says ${quote(line)} where KEY: VALUE must be`);
  return { [key.toLowerCase()]: value };
}

function parseMetadata({ size = '', modified, file, version }: Readonly<Record<string, string>>): Metadata {
  return {
    size: toLength(size),
    ...(modified === undefined ? {} : { modified }),
    ...(file === undefined ? {} : { file }),
    ...(version === undefined ? {} : { version }),
  };
}

function toLength(text: string): number {
  const length = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(length)) return length;
  throw new FilesError(`the server says ${quote(text)} where a number of bytes must be`);
}

/** What a server said, so that it can be shown. */
function quote(text: string): string {
  return visible(JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text));
}
