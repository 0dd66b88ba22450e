import fc from 'fast-check';
import type { CloseReason, Framing } from 'zocalo';
import { converse } from 'zocalo/testing';

/** What became of bytes. */
export type Outcome<Frame> = { frames: Frame[]; error: unknown; closed: CloseReason | undefined };

/** Sends pieces, one by one, to a protocol that notes what it gets as frames, and as an error. */
export function framesOf<Frame>(
  framing: Framing<Frame>,
  pieces: readonly (string | Uint8Array)[],
  { ended = false } = {},
): Outcome<Frame> {
  const outcome: Outcome<Frame> = { frames: [], error: undefined, closed: undefined };
  const talk = converse({
    name: 'frames',
    framing,
    message: (frame: Frame): void => {
      outcome.frames.push(frame);
    },
    error: (error): void => {
      outcome.error = error;
    },
    close: (_client, reason) => {
      outcome.closed = reason;
    },
  });
  for (const piece of pieces) talk.send(piece);
  if (ended) talk.end();
  return outcome;
}

/** Bytes cut into pieces at random places. */
export function pieces(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<{ bytes: Buffer; pieces: Buffer[] }> {
  return bytes.chain((whole) =>
    fc.array(fc.nat(whole.length), { maxLength: 12 }).map((places) => {
      const cuts = [0, ...places.sort((a, b) => a - b), whole.length];
      const cut = cuts.slice(1).map((to, i) => whole.subarray(cuts[i], to));
      return { bytes: whole, pieces: cut.filter((piece) => piece.length > 0) };
    }),
  );
}

/** Bytes made of a few that matter, so that interesting sequences are frequent. */
export function bytesOf(...alphabet: number[]): fc.Arbitrary<Buffer> {
  return fc.array(fc.constantFrom(...alphabet), { maxLength: 60 }).map((bytes) => Buffer.from(bytes));
}
