import { FrameTooLongError, OptionError } from '../errors.ts';
import type { Framer, Framing } from './framing.ts';
import type { Input } from './input.ts';

export type LengthPrefixedOptions = {
  /** The size of the length in bytes. Default 2. */
  prefix?: 1 | 2 | 4;
  /** The byte order of the length. Default `big`, the order of the network. */
  endian?: 'big' | 'little';
  /** The longest frame in bytes, without its prefix. Default: what the prefix can say, at most 65,536. */
  maxLength?: number;
};

/** A framing that can also write: a reply of a length-prefixed protocol needs its prefix. */
export interface LengthPrefixedFraming extends Framing<Buffer> {
  /** The bytes as a frame: their length, then themselves. Throws {@link FrameTooLongError} over the limit. */
  encode(bytes: Uint8Array): Buffer;
}

/** Frames that begin with their length, as in DNS over TCP (RFC 1035 section 4.2.2: 2 bytes, big-endian). */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): LengthPrefixedFraming {
  const { prefix = 2, endian = 'big' } = options;
  if (prefix !== 1 && prefix !== 2 && prefix !== 4) {
    throw new OptionError(`lengthPrefixed: prefix must be 1, 2 or 4 bytes, not ${prefix}`);
  }
  const sayable = 2 ** (8 * prefix) - 1;
  const { maxLength = Math.min(sayable, 65_536) } = options;
  if (!Number.isInteger(maxLength) || maxLength < 0 || maxLength > sayable) {
    throw new OptionError(
      `lengthPrefixed: maxLength must be a whole number from 0 to ${sayable} with ${prefix} bytes, not ${maxLength}`,
    );
  }

  const framer: Framer<Buffer> = {
    next(input: Input): Buffer | undefined {
      if (input.length < prefix) return undefined;
      const length = input.readUInt(0, prefix, endian);
      if (length > maxLength) throw new FrameTooLongError(maxLength);
      if (input.length < prefix + length) return undefined;
      input.skip(prefix);
      return input.take(length);
    },
  };

  return {
    name: 'length-prefixed',
    maxIncomplete: prefix + maxLength,
    create: () => framer,
    encode(bytes) {
      if (bytes.length > maxLength) throw new FrameTooLongError(maxLength);
      const frame = Buffer.allocUnsafe(prefix + bytes.length);
      if (endian === 'big') frame.writeUIntBE(bytes.length, 0, prefix);
      else frame.writeUIntLE(bytes.length, 0, prefix);
      frame.set(bytes, prefix);
      return frame;
    },
  };
}
