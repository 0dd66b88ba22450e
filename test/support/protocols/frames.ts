import { byteLines, fixedSize, lengthPrefixed, lines, type Protocol, raw } from '../../../src/index.ts';

export type FrameOptions = {
  framing: 'lines' | 'byte-lines' | 'prefixed' | 'fixed' | 'raw';
  /** The longest line or prefixed frame, and the size of a fixed one. Default 1,024. */
  size?: number;
  /** Whether the answer is a promise, so that later frames wait for it. */
  later?: boolean;
};

/** Every frame comes back as `<frame>`: what the server saw as a frame is what stands between the brackets. */
export default function frames({
  framing,
  size = 1_024,
  later = false,
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
    message(frame) {
      const bytes = typeof frame === 'string' ? Buffer.from(frame) : frame;
      const answer = Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')]);
      return later ? Promise.resolve(answer) : answer;
    },
    error: (error) => `!${(error as Error).name}`,
  };
}
