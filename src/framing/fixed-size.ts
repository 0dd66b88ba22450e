import { OptionError } from '../errors.ts';
import type { Framer, Framing } from './framing.ts';
import type { Input } from './input.ts';

/** Frames of `size` bytes each. */
export function fixedSize(size: number): Framing<Buffer> {
  if (!Number.isInteger(size) || size < 1) {
    throw new OptionError(`fixedSize: the size must be a whole number of bytes of 1 or more, not ${size}`);
  }
  const framer: Framer<Buffer> = {
    next: (input: Input) => (input.length < size ? undefined : input.take(size)),
  };
  return { name: 'fixed-size', maxIncomplete: size, create: () => framer };
}
