import { FrameError, FrameTooLongError, type Framing, type Input } from '../../src/index.ts';

const COLON = 0x3a;
const COMMA = 0x2c;

/** Netstrings (https://cr.yp.to/proto/netstrings.txt), as a user of the library would write them: `5:hello,`. */
export function netstrings(maxLength: number): Framing<Buffer> {
  const digits = String(maxLength).length;
  const next = (input: Input): Buffer | undefined => {
    const colon = input.indexOf(COLON);
    if (colon > digits || (colon < 0 && input.length > digits)) throw new FrameError('no length');
    if (colon < 0) return undefined;
    const length = Number(input.text(0, colon));
    if (!Number.isInteger(length)) throw new FrameError('the length is not a number');
    if (length > maxLength) throw new FrameTooLongError(maxLength);
    if (input.length < colon + 1 + length + 1) return undefined;
    if (input.at(colon + 1 + length) !== COMMA) throw new FrameError('no comma');
    input.skip(colon + 1);
    const frame = input.take(length);
    input.skip(1);
    return frame;
  };
  return { name: 'netstrings', maxIncomplete: digits + 1 + maxLength + 1, create: () => ({ next }) };
}
