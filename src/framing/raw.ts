import type { Framer, Framing } from './framing.ts';
import type { Input } from './input.ts';

const framer: Framer<Buffer> = {
  next: (input: Input) => (input.length === 0 ? undefined : input.take(input.length)),
};

const framing: Framing<Buffer> = { name: 'raw', maxIncomplete: 0, create: () => framer };

/** No framing: a frame is whatever has arrived, in pieces that the network chose. */
export function raw(): Framing<Buffer> {
  return framing;
}
