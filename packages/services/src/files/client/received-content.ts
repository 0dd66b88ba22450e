import { createHash } from 'node:crypto';
import type { FilesConnection } from './files-connection.ts';

/** How much of each end of a file is kept. */
const END_BYTES = 65_536;

/** A part of a file on a server. */
export type Part = { readonly name: string; readonly offset: number };

/** What has come of a file, or was there, in order: as much as is needed to find out whether it is what the server has. */
export class ReceivedContent {
  readonly #hash = createHash('sha256');
  readonly #keepsEnds: boolean;
  #length = 0;
  readonly #head: Buffer[] = [];
  #headLength = 0;
  #tail: Buffer[] = [];
  #tailLength = 0;

  /** @param keepsEnds whether the server may have nothing else to compare */
  constructor(keepsEnds: boolean) {
    this.#keepsEnds = keepsEnds;
  }

  /** Takes bytes in. They may be a view of memory that is used again. */
  add(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#length += bytes.length;
    if (!this.#keepsEnds) return;
    if (this.#headLength < END_BYTES) {
      const part = Buffer.from(bytes.subarray(0, END_BYTES - this.#headLength));
      this.#head.push(part);
      this.#headLength += part.length;
    }
    this.#tail.push(Buffer.from(bytes.subarray(-END_BYTES)));
    this.#tailLength += Math.min(bytes.length, END_BYTES);
    if (this.#tailLength > 4 * END_BYTES) {
      this.#tail = [Buffer.from(Buffer.concat(this.#tail).subarray(-END_BYTES))];
      this.#tailLength = END_BYTES;
    }
  }

  /** Whether all of it is in the two ends that are kept. */
  get isShort(): boolean {
    return this.#length <= 2 * END_BYTES;
  }

  /** Whether a server has the same, by its SHA-256. @param onProgress told how many bytes the server has digested */
  async hasDigest(
    connection: FilesConnection,
    { name, offset }: Part,
    onProgress?: (done: number) => void,
  ): Promise<boolean> {
    const theirs = await connection.sha256(name, offset, this.#length, onProgress);
    return theirs === this.#hash.copy().digest('hex');
  }

  /** Whether a server has the same at both ends: all that one can be asked for that tells no digests. */
  async hasEnds(connection: FilesConnection, { name, offset }: Part): Promise<boolean> {
    for (const { start, bytes } of this.#ends()) {
      const theirs: Buffer[] = [];
      for await (const part of connection.slice(name, offset + start, bytes.length))
        theirs.push(Buffer.from(part));
      if (!Buffer.concat(theirs).equals(bytes)) return false;
    }
    return true;
  }

  *#ends(): Generator<{ start: number; bytes: Buffer }> {
    yield { start: 0, bytes: Buffer.concat(this.#head) };
    if (this.#length <= END_BYTES) return;
    const start = Math.max(END_BYTES, this.#length - END_BYTES);
    yield { start, bytes: Buffer.concat(this.#tail).subarray(start - this.#length) };
  }
}
