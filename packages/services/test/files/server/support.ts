import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { soon } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { optionsFor, type Subject } from '@zocalo/test-support/models.ts';
import type { TestServer } from '@zocalo/test-support/serving.ts';
import { type ServeOptions, serve } from 'zocalo';
import { type Conversation, converse } from 'zocalo/testing';
import files, { type FilesSettings } from '../../../src/files/server/files.ts';
import type { SliceMode } from '../../../src/files/server/slices.ts';

/** A folder to share, gone with its block. */
export class SharedFolder implements Disposable {
  readonly #around = new TemporaryFolder();
  /** What is shared; beside it is a place for what must not be reached. */
  readonly path = this.#around.file('shared');

  constructor(contents: Readonly<Record<string, string | Uint8Array>> = {}) {
    mkdirSync(this.path);
    for (const [name, content] of Object.entries(contents)) writeFileSync(this.file(name), content);
  }

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** A path beside the folder. */
  outside(name: string): string {
    return this.#around.file(name);
  }

  [Symbol.dispose](): void {
    this.#around[Symbol.dispose]();
  }
}

/** How many descriptors of this process lead into a folder. */
export function openIn(folder: SharedFolder): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder.path);
    } catch {
      return false;
    }
  }).length;
}

/** A conversation in memory with the file server over a folder. */
export function talkAbout(
  folder: SharedFolder,
  settings: Omit<FilesSettings, 'dir'> = {},
): Conversation<undefined> {
  return converse(files({ dir: folder.path, ...settings }), { highWater: 65_536 });
}

/** What the server answers to these requests, given each with its ending, by the time all is settled. */
export async function answerTo(
  folder: SharedFolder,
  requests: string | Uint8Array,
  settings: Omit<FilesSettings, 'dir'> = {},
): Promise<{ text: string; closed: string | undefined }> {
  const talk = talkAbout(folder, settings);
  talk.send(requests);
  const text = (await talk.receiveBytes()).toString('latin1');
  const { closed } = talk;
  talk.reset();
  await talk.settle();
  return { text, closed };
}

/** Serves a folder on a model. */
export async function serveFolder(
  subject: Subject,
  folder: SharedFolder,
  settings: Omit<FilesSettings, 'dir'> = {},
  options: ServeOptions = {},
): Promise<TestServer> {
  const module = new URL('../../../src/files/server/files.ts', import.meta.url);
  const protocolOptions = { dir: folder.path, ...settings };
  const server = await serve(module, { protocolOptions, ...optionsFor(subject, options) });
  return Object.assign(server, { [Symbol.asyncDispose]: () => soon('the server stops', server.close()) });
}

/** The body of a slice in a mode, written down from `docs/files.md`. */
export function bodyOf(mode: SliceMode, bytes: Buffer): Buffer {
  const parts: (string | Buffer)[] = [];
  switch (mode) {
    case 'base64':
      parts.push(bytes.toString('base64'), '\r\n');
      break;
    case 'base64-lines':
      for (let at = 0; at === 0 || at < bytes.length; at += 49_152)
        parts.push(bytes.toString('base64', at, Math.min(at + 49_152, bytes.length)), '\r\n');
      break;
    case 'blocks':
      for (let at = 0; at < bytes.length; at += 65_536) {
        const block = bytes.subarray(at, at + 65_536);
        parts.push(`${block.length} `, block, '\r\n');
      }
      parts.push('0 \r\n');
      break;
    case 'raw':
      parts.push(bytes, '\r\n');
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)));
}

/** `length` bytes of every kind, without a period. */
export function variedBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = 12_345;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
