import { FramingError } from '../errors.ts';
import { shown } from '../option-checks.ts';
import type { Framer, Framing, FramingClient } from './framing.ts';
import type { Input } from './input.ts';

/** So many frames in a row may take no byte; after more there would be no end of them. */
const MAX_EMPTY_FRAMES = 1_000;

/**
 * The framer of a framing for a client. Mistakes of a user's framing that would go unnoticed become errors.
 * @throws FramingError when the framing makes something else
 */
export function framerFor<Frame>(framing: Framing<Frame>, client?: FramingClient): Framer<Frame> {
  const framer: unknown = framing.create(client);
  if (
    typeof framer === 'object' &&
    framer !== null &&
    typeof (framer as { next?: unknown }).next === 'function'
  ) {
    return new CheckedFramer(framer as Framer<Frame>);
  }
  throw new FramingError(
    `create() of a framing (${framing.name}) must return a framer, with a function next(input), not ${shown(framer)}`,
  );
}

class CheckedFramer<Frame> implements Framer<Frame> {
  readonly #framer: Framer<Frame>;
  #emptyFrames = 0;

  constructor(framer: Framer<Frame>) {
    this.#framer = framer;
  }

  next(input: Input): Frame | undefined {
    const waiting = input.length;
    return this.#checked(this.#framer.next(input), input.length < waiting);
  }

  last(input: Input): Frame | undefined {
    const waiting = input.length;
    return this.#checked(this.#framer.last?.(input), input.length < waiting);
  }

  #checked(frame: Frame | undefined, taken: boolean): Frame | undefined {
    if (frame === undefined) return undefined;
    if (taken) this.#emptyFrames = 0;
    else if (++this.#emptyFrames > MAX_EMPTY_FRAMES)
      throw new FramingError('a framer returns one frame after the other and takes no byte for them');
    if (typeof frame === 'object' && !(frame instanceof Uint8Array)) rejectInvalidFrame(frame);
    return frame;
  }
}

function rejectInvalidFrame(frame: object | null): void {
  if (frame === null)
    throw new FramingError('a framer returned null; undefined says that more bytes are needed');
  if (typeof (frame as { then?: unknown }).then !== 'function') return;
  // Its result is not used, and its rejection must not end the process.
  (frame as Promise<unknown>).then(undefined, () => {});
  throw new FramingError('a framer returned a promise; frames are cut at once, and handlers may wait');
}
