import type { SliceEncoder } from 'zocalo';

/** How the bytes of a slice are written: what `--slices` takes. */
export const sliceModes = ['base64', 'base64-lines', 'blocks', 'raw'] as const;
export type SliceMode = (typeof sliceModes)[number];

/** What a slice is written with, and what follows it. */
type SliceForm = {
  readonly encoder: SliceEncoder | undefined;
  /** @param size of the slice, in bytes of the file */
  ending(size: number): string;
};

const CRLF = '\r\n';
/** How many bytes of the file a line of base64 holds: whole groups of three, which become 64 KiB of text. */
const LINE_BYTES = 49_152;
const BLOCK_BYTES = 65_536;

/** How many bytes become one string on their way: longer ones are not made where V8 makes and drops strings cheaply. */
const STRING_BYTES = 12_288;

const textLength = (length: number) => 4 * Math.ceil(length / 3);

/** RFC 4648 section 4, with padding. A chunk is of whole groups, so that the chunks make one text. */
const base64: SliceEncoder = {
  chunk: 2 * LINE_BYTES,
  most: textLength,
  encode: (chunk, into) => encodeBase64(chunk, 0, chunk.length, into, 0),
};

function encodeBase64(bytes: Buffer, from: number, to: number, into: Buffer, start: number): number {
  let written = start;
  for (let at = from; at < to; at += STRING_BYTES)
    written += into.write(bytes.toString('base64', at, Math.min(at + STRING_BYTES, to)), written, 'latin1');
  return written - start;
}

const base64Lines: SliceEncoder = {
  chunk: 2 * LINE_BYTES,
  most: (length) => textLength(length) + CRLF.length * Math.ceil(length / LINE_BYTES),
  encode(chunk, into) {
    let written = 0;
    for (let at = 0; at < chunk.length; at += LINE_BYTES) {
      written += encodeBase64(chunk, at, Math.min(at + LINE_BYTES, chunk.length), into, written);
      written += into.write(CRLF, written, 'latin1');
    }
    return written;
  },
};

const blocks: SliceEncoder = {
  chunk: BLOCK_BYTES,
  most: (length) => `${length} `.length + length + CRLF.length,
  encode(chunk, into) {
    const start = into.write(`${chunk.length} `, 'latin1');
    const end = start + chunk.copy(into, start);
    return end + into.write(CRLF, end, 'latin1');
  },
};

export const sliceForms: Readonly<Record<SliceMode, SliceForm>> = {
  base64: { encoder: base64, ending: () => CRLF },
  // A body has at least one line, so that an empty slice looks as in base64.
  'base64-lines': { encoder: base64Lines, ending: (size) => (size === 0 ? CRLF : '') },
  blocks: { encoder: blocks, ending: () => `0 ${CRLF}` },
  raw: { encoder: undefined, ending: () => CRLF },
};
