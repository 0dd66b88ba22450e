import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

/** A folder that is gone with its block. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'zocalo-'));

  /** The path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/**
 * What a protocol writes down about itself, in a file, so that a test can read it wherever the protocol runs: in this thread,
 * another, or another process.
 */
export class Journal implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly path = this.#folder.file('journal');

  constructor() {
    writeFileSync(this.path, '');
  }

  /** The entries up to now. */
  entries(): string[] {
    return readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
  }

  /** Waits until an entry stands in it. */
  async includes(entry: string): Promise<void> {
    await eventually(`the journal says "${entry}"`, () => this.entries().includes(entry));
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
