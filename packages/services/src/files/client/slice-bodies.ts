import { FilesError } from './errors.ts';
import type { ReplyReader } from './reply-reader.ts';

/** How servers write slices, where they are not asked for raw ones: see docs/files.md. */
export const sliceBodies = ['base64', 'base64-lines', 'blocks', 'raw'] as const;
export type SliceBody = (typeof sliceBodies)[number];

const CHUNK_BYTES = 65_536;
const SP = 0x20;
const CR = 0x0d;

/** The bytes of a slice of `size` bytes out of the body of a reply. @throws FilesError when it is no such body */
export function readBody(body: SliceBody, reader: ReplyReader, size: number): AsyncGenerator<Buffer> {
  switch (body) {
    // Both are lines of base64, until all is there.
    case 'base64':
    case 'base64-lines':
      return readBase64(reader, size);
    case 'blocks':
      return readBlocks(reader, size);
    case 'raw':
      return readRaw(reader, size);
  }
}

/** So many bytes as they are. */
export async function* readBytes(reader: ReplyReader, size: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0; ) {
    const bytes = await reader.some(Math.min(left, CHUNK_BYTES));
    left -= bytes.length;
    yield bytes;
  }
}

async function* readRaw(reader: ReplyReader, size: number): AsyncGenerator<Buffer> {
  yield* readBytes(reader, size);
  await reader.lineEnd();
}

async function* readBlocks(reader: ReplyReader, size: number): AsyncGenerator<Buffer> {
  for (let left = size; ; ) {
    const length = Number(await reader.until(SP, 20));
    if (!Number.isSafeInteger(length) || length > left || (length === 0 && left > 0))
      throw new FilesError(`the server sent a block that cannot be: ${left} bytes were missing`);
    yield* readBytes(reader, length);
    await reader.lineEnd();
    if (length === 0) return;
    left -= length;
  }
}

/** A line may hold all of a large file, so it is decoded as it comes, in groups of four letters. */
async function* readBase64(reader: ReplyReader, size: number): AsyncGenerator<Buffer> {
  let left = size;
  let letters = '';
  do {
    for (let inLine = true; inLine; ) {
      const chunk = await reader.some(CHUNK_BYTES);
      const end = chunk.indexOf(CR);
      if (end >= 0) {
        reader.putBack(chunk.subarray(end));
        inLine = false;
      }
      letters += chunk.toString('latin1', 0, end < 0 ? chunk.length : end);
      const groups = letters.slice(0, letters.length - (letters.length % 4));
      letters = letters.slice(groups.length);
      const bytes = Buffer.from(groups, 'base64');
      left -= bytes.length;
      const padded = groups.endsWith('=') && left !== 0;
      const foreign = left < 0 || (left === 0 && letters !== '') || /[^A-Za-z0-9+/=]/.test(letters);
      if (foreign || padded || bytes.toString('base64') !== groups)
        throw new FilesError('the server sent something that is not the base64 of the slice');
      if (bytes.length > 0) yield bytes;
    }
    await reader.lineEnd();
    if (letters !== '') throw new FilesError('the server ended a line of base64 within a group');
  } while (left > 0);
}
