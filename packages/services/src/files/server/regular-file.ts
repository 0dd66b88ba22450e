import { closeSync, constants, fstat, lstat, open, read } from 'node:fs';
import type { SliceFile } from 'zocalo';
import { type Identity, identityOf } from './identity.ts';

/** Opening must not wait for a pipe, nor take over a terminal, nor follow what has become a link meanwhile. */
const FLAGS =
  constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** What a path leads to, when that is not a regular file. */
export type OtherKind = 'link' | 'other';

/**
 * A regular file that is open for reading. The calls of node:fs with callbacks cost half of what those of a FileHandle do, and a small
 * slice is hardly more than its opening.
 */
export class RegularFile implements SliceFile {
  readonly fd: number;
  /** How many bytes it had when it was opened. */
  readonly size: number;
  #reading = 0;
  #closing = false;

  private constructor(fd: number, size: number) {
    this.fd = fd;
    this.size = size;
  }

  /**
   * Opens what a path leads to, if it is a regular file; links are not followed.
   * @throws what the system says
   */
  static open(path: string): Promise<RegularFile | OtherKind> {
    return new Promise((resolve, reject) => {
      // Opening a device may have an effect, and opening a pipe lets a waiting writer go on.
      lstat(path, (error, found) => {
        if (error !== null) reject(error);
        else if (found.isSymbolicLink()) resolve('link');
        else if (!found.isFile()) resolve('other');
        else open(path, FLAGS, (error, fd) => (error === null ? check(fd) : reject(error)));
      });
      // What is open now may be something else than what was looked at.
      const check = (fd: number) =>
        fstat(fd, (error, found) => {
          if (error === null && found.isFile()) resolve(new RegularFile(fd, found.size));
          else {
            closeSync(fd);
            if (error === null) resolve('other');
            else reject(error);
          }
        });
    });
  }

  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }> {
    this.#reading++;
    return new Promise((resolve, reject) => {
      read(this.fd, buffer, offset, length, position, (error, bytesRead) => {
        this.#reading--;
        if (this.#closing && this.#reading === 0) closeSync(this.fd);
        if (error === null) resolve({ bytesRead });
        else reject(error);
      });
    });
  }

  /** What it is now: it may have changed since it was opened. */
  identity(): Promise<Identity> {
    return new Promise((resolve, reject) => {
      fstat(this.fd, { bigint: true }, (error, found) => {
        if (error === null) resolve(identityOf(found));
        else reject(error);
      });
    });
  }

  /** Nothing has to be written first, so closing does not wait for a disk. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#reading === 0) closeSync(this.fd);
  }
}
