import type { FileHandle } from 'node:fs/promises';
import type { Target } from '@zocalo/command';
import type { Destination } from './destination.ts';
import { FilesError, UnfinishedError } from './errors.ts';
import { type FilesConnection, type Metadata, OTHER_VERSION } from './files-connection.ts';
import { type FilesOptions, FilesServer } from './files-server.ts';
import { fetchInParallel } from './parallel.ts';
import { chunksOf } from './partial-file.ts';
import { type Part, ReceivedContent } from './received-content.ts';
import { isTransient, type RetryOptions, withRetries } from './retry.ts';

/** What of a file is fetched, and how. */
export type DownloadOptions = FilesOptions &
  RetryOptions & {
    /** Where to begin. Default 0. */
    readonly offset?: number | undefined;
    /** How many bytes. Default: up to the end. */
    readonly length?: number | undefined;
    /** Whether to go on where an earlier download ended. Default false. */
    readonly resume?: boolean;
    /** Over how many connections at once. Default 1. */
    readonly parallel?: number;
    /** Whether the server is asked for the digest of what has come. Default true. */
    readonly verify?: boolean;
    /** Called with how many bytes are there, of how many: first what was there already, then whenever more have come. */
    readonly onProgress?: (there: number, whole: number) => void;
    /** Called with how many bytes the server has digested, of how many, while what has come is verified. */
    readonly onVerify?: (done: number, whole: number) => void;
  };

/** What a download came to. */
export type Downloaded = {
  /** How many bytes are there, and how many of them came now. */
  readonly length: number;
  readonly came: number;
  /** Whether all that is there was found to be what the server has. */
  readonly verified: boolean;
  /** What has to be said of it besides. */
  readonly notes: readonly string[];
};

/** A server that was kept waiting for longer than this may close the connection. */
const MAX_OWN_PAUSE_MS = 1_000;

/** The codes of a file that is not there, or not as long as it was. */
const GONE = [202, 203];

/** Opens the destination of `whole` bytes; `begins` tells whether a file of ours is the beginning of them. */
type OpenDestination = (
  whole: number,
  begins: (file: FileHandle, length: number) => Promise<boolean>,
) => Promise<Destination>;

/** A file on its way, over as many connections, one after the other or at once, as it takes. */
export class Transfer {
  readonly #server: FilesServer;
  readonly #name: string;
  readonly #options: DownloadOptions;
  readonly #offset: number;
  readonly #part: Part;
  readonly #notes: string[] = [];
  /** What the file was when it was first asked for; the size of then is what is fetched. */
  #first: Metadata | undefined;
  /** The version that is asked for; undefined when the file may change as long as its digest is right in the end. */
  #version: string | undefined;
  #changed = false;
  #whole = 0;
  #destination: Destination | undefined;
  #received = new ReceivedContent(true);
  #came = 0;
  /** How many slices it was made of. */
  #slices = 0;
  #verified = false;
  /** The longest pause of this side since it connected. */
  #longestPauseMs = 0;

  constructor(target: Target, name: string, options: DownloadOptions) {
    this.#server = new FilesServer(target, options);
    this.#name = name;
    this.#options = options;
    this.#offset = options.offset ?? 0;
    this.#part = { name, offset: this.#offset };
  }

  async run(open: OpenDestination): Promise<Downloaded> {
    try {
      await this.#fetchAll(open);
      await this.#destination?.finish();
    } catch (error) {
      const worthless = error instanceof FilesError && error.kind === 'changed';
      const there = this.#there;
      const path = await this.#destination?.abandon(worthless);
      if (path === undefined || !(error instanceof Error)) throw error;
      throw new UnfinishedError(error, { path, there, whole: this.#whole });
    }
    return {
      length: this.#whole,
      came: this.#came,
      verified: this.#verified,
      notes: this.#notes,
    };
  }

  get #there(): number {
    return this.#destination?.length ?? 0;
  }

  async #fetchAll(open: OpenDestination): Promise<void> {
    const progress = { there: () => this.#there, causedByUs: () => this.#longestPauseMs > MAX_OWN_PAUSE_MS };
    try {
      await withRetries(
        this.#options,
        () => this.#server.withConnection((connection) => this.#attempt(connection, open)),
        progress,
      );
    } catch (error) {
      const allCame = this.#destination !== undefined && this.#there === this.#whole && !this.#changed;
      if (!allCame || !isTransient(error)) throw error;
      await this.#verifyAnew();
    }
  }

  /** All bytes are there. It may be that a connection broke, or else that the server stops: then it answers nothing more. */
  async #verifyAnew(): Promise<void> {
    try {
      await this.#server.withConnection((connection) => this.#verify(connection));
    } catch (error) {
      if (!isTransient(error)) throw error;
      this.#notes.push(`all bytes came, but were not verified: ${error.message}`);
    }
  }

  async #attempt(connection: FilesConnection, open: OpenDestination): Promise<void> {
    this.#longestPauseMs = 0;
    const { onProgress } = this.#options;
    const now = await connection.metadata(this.#name);
    if (this.#first === undefined) this.#begin(now);
    else this.#accept(this.#first, now);
    this.#destination ??= await open(this.#whole, (file, length) => this.#begins(connection, file, length));
    onProgress?.(this.#there, this.#whole);
    if (this.#there < this.#whole) await this.#fetch(connection);
    await this.#verify(connection);
  }

  #begin(now: Metadata): void {
    const { length } = this.#options;
    if (this.#offset + (length ?? 0) > now.size)
      throw new FilesError(`${this.#name} has only ${now.size} bytes, and what was asked for lies beyond`);
    this.#whole = length ?? now.size - this.#offset;
    this.#first = now;
    this.#version = now.version;
    this.#received = new ReceivedContent(this.#server.full !== true);
  }

  /** The file may have grown, or got another name or mode, since it was first asked for. @throws FilesError when it is another */
  #accept(first: Metadata, now: Metadata): void {
    const same = now.size === first.size && now.modified === first.modified;
    const grown = now.size > first.size && now.file === first.file;
    if (!same && !grown) throw this.#change();
    if (now.version === this.#version) return;
    this.#version = undefined;
    this.#changed = true;
  }

  #change(): FilesError {
    return new FilesError(`${this.#name} has changed on the server while it was fetched; fetch it again`, {
      kind: 'changed',
    });
  }

  /** Whether something of ours is the beginning of what is to come: as a whole, or its ends where the server tells no digests. */
  async #begins(connection: FilesConnection, file: FileHandle, length: number): Promise<boolean> {
    const there = new ReceivedContent(this.#server.full !== true);
    for await (const bytes of chunksOf(file, length)) there.add(bytes);
    const same = this.#server.full
      ? await there.hasDigest(connection, this.#part)
      : await there.hasEnds(connection, this.#part);
    if (same) this.#received = there;
    return same;
  }

  async #fetch(connection: FilesConnection): Promise<void> {
    const connections = this.#options.parallel ?? 1;
    const whole = { start: this.#offset + this.#there, end: this.#offset + this.#whole };
    if (connections === 1) {
      for await (const bytes of this.#slice(connection, whole)) await this.#take(bytes);
      return;
    }
    await fetchInParallel(whole, {
      first: connection,
      connections,
      connect: () => this.#server.connect(),
      admit: async (other) => this.#accept(this.#first as Metadata, await other.metadata(this.#name)),
      slice: (from, range) => this.#slice(from, range),
      sink: (bytes) => this.#take(bytes),
    });
  }

  async *#slice(
    connection: FilesConnection,
    { start, end }: { start: number; end: number },
  ): AsyncGenerator<Buffer> {
    this.#slices++;
    try {
      yield* connection.slice(this.#name, start, end - start, this.#version);
    } catch (error) {
      if (!(error instanceof FilesError) || error.status !== OTHER_VERSION) throw error;
      this.#accept(this.#first as Metadata, await connection.metadata(this.#name));
      this.#version = undefined;
      yield* connection.slice(this.#name, start, end - start);
    }
  }

  /** Whether all that is there came in one slice of one version: the server goes on with that, also when another file takes its name. */
  get #isOneSlice(): boolean {
    const pinned = this.#version !== undefined && this.#options.body === undefined;
    return pinned && this.#slices === 1 && this.#came === this.#whole;
  }

  async #take(bytes: Buffer): Promise<void> {
    const began = performance.now();
    await this.#destination?.append(bytes);
    this.#longestPauseMs = Math.max(this.#longestPauseMs, performance.now() - began);
    this.#received.add(bytes);
    this.#came += bytes.length;
    this.#options.onProgress?.(this.#there, this.#whole);
  }

  /** Compares what has come with what the server has. @throws FilesError when it is something else */
  async #verify(connection: FilesConnection): Promise<void> {
    const { verify = true, length } = this.#options;
    const first = this.#first as Metadata;
    if (!verify && !this.#changed) return;
    const same = await unless(GONE, this.#isSame(connection));
    const now = await unless(GONE, connection.metadata(this.#name));
    if (!same && this.#isOneSlice && now?.file !== first.file) {
      const what = now === undefined ? 'removed' : 'replaced';
      this.#notes.push(
        `it was ${what} on the server while it was fetched: this is what was there at the start`,
      );
      return;
    }
    if (now === undefined || now.size < first.size) throw this.#change();
    if (!same) {
      if (!this.#server.full || now.version !== first.version) throw this.#change();
      const text = 'what has come is not what the server has: its SHA-256 is another; fetch it again';
      throw new FilesError(`${this.#name}: ${text}`, { kind: 'changed' });
    }
    this.#verified = this.#server.full === true || this.#received.isShort;
    if (!this.#verified)
      this.#notes.push(
        'not verified: the server tells no digests; its size, its first and its last 64 KiB are right',
      );
    if (length === undefined && now.size > first.size)
      this.#notes.push(
        `it has grown to ${now.size} bytes while it was fetched: these are the ${first.size} that it had`,
      );
  }
  #isSame(connection: FilesConnection): Promise<boolean> {
    if (!this.#server.full) return this.#received.hasEnds(connection, this.#part);
    const onProgress = (done: number) => this.#options.onVerify?.(done, this.#whole);
    return this.#received.hasDigest(connection, this.#part, onProgress);
  }
}

/** What is asked for; undefined when it is refused with one of some codes. */
async function unless<Result>(
  codes: readonly unknown[],
  asked: Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FilesError && codes.includes(error.status)) return undefined;
    throw error;
  }
}
