// A framing of one's own: `zocalo serve ./examples/netstring.ts --port 7000`, then `printf '5:hello,' | nc 127.0.0.1 7000`.
// In a project of your own: from 'zocalo'.

import { hash } from 'node:crypto';
import { FrameError, FrameTooLongError, type Framing, type Input, type Protocol } from 'zocalo';

const COLON = 0x3a;
const COMMA = 0x2c;

/** Netstrings (https://cr.yp.to/proto/netstrings.txt): the length in decimal digits, a colon, the bytes, a comma. */
function netstrings(maxLength: number): Framing<Buffer> {
  const digits = String(maxLength).length;
  const next = (input: Input): Buffer | undefined => {
    const colon = input.indexOf(COLON);
    const written = input.text(0, Math.min(colon < 0 ? input.length : colon, digits + 1));
    if (colon === 0 || !/^(|0|[1-9][0-9]*)$/.test(written)) throw new FrameError('no length in digits');
    if (Number(written) > maxLength) throw new FrameTooLongError(maxLength);
    const end = colon + 1 + Number(written);
    if (colon < 0 || input.length <= end) return undefined;
    if (input.at(end) !== COMMA) throw new FrameError('no comma at the end');
    input.skip(colon + 1);
    const frame = input.take(Number(written));
    input.skip(1);
    return frame;
  };
  // The framer keeps nothing between calls, so that all clients can share one.
  return { name: 'netstring', maxIncomplete: digits + 1 + maxLength + 1, create: () => ({ next }) };
}

const encode = (text: string) => `${Buffer.byteLength(text)}:${text},`;

/** Answers each netstring with its SHA-256 digest. */
const digests: Protocol<Buffer> = {
  name: 'netstring',
  framing: netstrings(65_536),
  message: (frame) => encode(hash('sha256', frame)),
  error: (error) => encode(`error: ${error instanceof Error ? error.message : error}`),
};

export default digests;
