import { isUint8Array } from 'node:util/types';
import { FrameTooLongError, ReplyError } from '../errors.ts';
import { mustBe, oneOf, onlyOptions, shown, whole } from '../option-checks.ts';
import type { Framer, Framing } from './framing.ts';
import type { Input } from './input.ts';

const rawFramer: Framer<Buffer> = {
  next: (input: Input) => (input.length === 0 ? undefined : input.take(input.length)),
};

const rawFraming: Framing<Buffer> = { name: 'raw', maxIncomplete: 0, create: () => rawFramer };

/** No framing: a frame is whatever has arrived, in pieces that the network chose. */
export function raw(): Framing<Buffer> {
  return rawFraming;
}

/** Frames of `size` bytes each. @throws OptionError for a size that is not a whole number of 1 or more */
export function fixedSize(size: number): Framing<Buffer> {
  whole('fixedSize: the size', size, 1, undefined, ' of bytes');
  const framer: Framer<Buffer> = {
    next: (input: Input) => (input.length < size ? undefined : input.take(size)),
  };
  return { name: 'fixed-size', maxIncomplete: size, create: () => framer };
}

export type LengthPrefixedOptions = {
  /** The size of the length in bytes. Default 2. */
  prefix?: 1 | 2 | 4;
  /** The byte order of the length. Default `big`, the order of the network. */
  endian?: 'big' | 'little';
  /** The longest frame in bytes, without its prefix. Default: what the prefix can express, at most 65,536. */
  maxLength?: number;
};

/** A framing that can also write: a reply of a length-prefixed protocol needs its prefix. */
export interface LengthPrefixedFraming extends Framing<Buffer> {
  /**
   * Bytes, or text as UTF-8, as a frame: their length, then themselves.
   * @throws FrameTooLongError over the limit; ReplyError for something else
   */
  encode(message: string | Uint8Array): Buffer;
}

/**
 * Frames that begin with their length, as in DNS over TCP (RFC 1035 section 4.2.2: 2 bytes, big-endian).
 * @throws OptionError for an option that cannot be used, or that there is not
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): LengthPrefixedFraming {
  onlyOptions('lengthPrefixed', options, ['prefix', 'endian', 'maxLength']);
  const { prefix = 2, endian = 'big' } = options;
  if (prefix !== 1 && prefix !== 2 && prefix !== 4) {
    throw mustBe('lengthPrefixed: prefix', '1, 2 or 4 bytes', prefix);
  }
  oneOf('lengthPrefixed: endian', endian, ['big', 'little']);
  const maxRepresentable = 2 ** (8 * prefix) - 1;
  const { maxLength = Math.min(maxRepresentable, 65_536) } = options;
  whole(`lengthPrefixed: maxLength with prefix ${prefix}`, maxLength, 0, maxRepresentable, ' of bytes');

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
    encode(message) {
      const bytes = typeof message === 'string' ? Buffer.from(message) : message;
      if (!isUint8Array(bytes)) throw new ReplyError(`encode takes text or bytes, not ${shown(bytes)}`);
      if (bytes.length > maxLength) throw new FrameTooLongError(maxLength);
      const frame = Buffer.allocUnsafe(prefix + bytes.length);
      if (endian === 'big') frame.writeUIntBE(bytes.length, 0, prefix);
      else frame.writeUIntLE(bytes.length, 0, prefix);
      frame.set(bytes, prefix);
      return frame;
    },
  };
}
