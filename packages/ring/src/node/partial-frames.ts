import type { Framing } from 'zocalo';
import type { Frame } from '../protocol/frame.ts';
import { ringFraming } from '../protocol/frame-codec.ts';

/** How often it is reported that more of a frame has come. */
const REPORT_INTERVAL_MS = 50;

/** The bytes that come on one connection. */
export type FrameInput = {
  /** More of a frame has come, and is not all of it, though none has been complete for a while. Called between two turns. */
  onPart: (() => void) | undefined;
};

/** A frame, and the connection's bytes that it was in. */
export type ReceivedFrame = { readonly frame: Frame; readonly input: FrameInput };

/** Frames of the ring, with reports of those that take long to come. */
export const receivedFraming: Framing<ReceivedFrame> = {
  name: ringFraming.name,
  maxIncomplete: ringFraming.maxIncomplete,
  create() {
    const framer = ringFraming.create();
    const input: FrameInput = { onPart: undefined };
    let quietSince = performance.now();
    return {
      next(bytes) {
        const frame = framer.next(bytes);
        if (frame !== undefined) {
          quietSince = 0;
          return { frame, input };
        }
        // A clock is read only where no frame was complete: once a receive at most.
        const now = performance.now();
        if (quietSince === 0) quietSince = now;
        else if (input.onPart !== undefined && bytes.length > 0 && now - quietSince >= REPORT_INTERVAL_MS) {
          quietSince = now;
          setImmediate(input.onPart);
        }
        return undefined;
      },
    };
  },
};
