import { FrameError } from 'zocalo';
import { type Frame, type FrameType, frameOf } from '../protocol/frame.ts';
import { ControlType, encodeFrame } from '../protocol/frame-codec.ts';
import type { NodeStatus } from './status.ts';

/** What an operator asks of a node, over a connection to where it listens. A guest asks for the ring. */
export type ControlRequest =
  | { command: 'status' }
  | { command: 'ring' }
  | { command: 'stop'; now: boolean }
  | { command: 'leave' };

/** Its answer; `ring` is the text of its `ring.toml`. A node that obeys `stop` or `leave` closes the connection when it ends. */
export type ControlAnswer = { ok: true; status: NodeStatus; ring?: string } | { ok: false; reason: string };

export function encodeRequest(request: ControlRequest): Buffer {
  return encode(ControlType.REQUEST, request);
}

export function encodeControlAnswer(answer: ControlAnswer): Buffer {
  return encode(ControlType.ANSWER, answer);
}

/** @throws FrameError when it is not one */
export function decodeRequest(frame: Frame): ControlRequest {
  const { command, now } = decode(frame) as { command?: unknown; now?: unknown };
  if (command === 'status' || command === 'ring' || command === 'leave') return { command };
  if (command === 'stop') return { command, now: now === true };
  throw new FrameError(`${JSON.stringify(command)} is nothing that a node can be asked for`);
}

/** @throws FrameError when it is not one */
export function decodeControlAnswer(frame: Frame): ControlAnswer {
  return decode(frame) as ControlAnswer;
}

function encode(type: number, content: object): Buffer {
  return encodeFrame(frameOf(type as FrameType, { payload: Buffer.from(JSON.stringify(content)) }));
}

function decode(frame: Frame): object {
  try {
    const content: unknown = JSON.parse(Buffer.from(frame.payload).toString());
    if (typeof content === 'object' && content !== null) return content;
  } catch (cause) {
    throw new FrameError('a control frame is not JSON', { cause });
  }
  throw new FrameError('a control frame holds no JSON object');
}
