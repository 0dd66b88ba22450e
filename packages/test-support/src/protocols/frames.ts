import { setTimeout as sleep } from 'node:timers/promises';
import { byteLines, fixedSize, lengthPrefixed, lines, type Protocol, raw } from 'zocalo';

export type FrameOptions = {
  framing: 'lines' | 'byte-lines' | 'prefixed' | 'fixed' | 'raw';
  /** The longest line or prefixed frame, and the size of a fixed one. Default 1,024. */
  size?: number;
  /** For how long each frame is kept before it is answered, in milliseconds; 0 for a promise that settles at once. Default: not at all. */
  keep?: number;
  concurrency?: number;
  /** Whether they come back as they are, so that the answer is the frame itself; then no handler keeps one. */
  plain?: boolean;
};

/** Every frame comes back as `<frame>`: what the server saw as a frame is what stands between the brackets. */
export default function frames({
  framing,
  size = 1_024,
  keep,
  concurrency = 1,
  plain = false,
}: FrameOptions): Protocol<string | Buffer> {
  const framings = {
    lines: () => lines({ maxLength: size }),
    'byte-lines': () => byteLines({ maxLength: size }),
    prefixed: () => lengthPrefixed({ maxLength: size }),
    fixed: () => fixedSize(size),
    raw,
  };
  return {
    name: 'frames',
    framing: framings[framing](),
    concurrency,
    keepsFrames: !plain,
    message(frame) {
      if (plain) return frame;
      const bytes = typeof frame === 'string' ? Buffer.from(frame) : frame;
      const answer = () => Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')]);
      if (keep === undefined) return answer();
      return (keep === 0 ? Promise.resolve() : sleep(keep)).then(answer);
    },
    error: (error) => `!${(error as Error).name}`,
  };
}
