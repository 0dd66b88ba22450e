import type { Message } from '../protocol/event.ts';
import { BROADCAST, MAX_PAYLOAD, type Stream } from '../protocol/frame.ts';

/*
 * The messages that a node sends, one a line:
 *
 *     DESTINATION text
 *
 * DESTINATION is the ID of a node, or `*` for all nodes. An ID may be followed by a mark for the token that takes the message: `>` clockwise, `<`
 * counter-clockwise, `<>` any, with the order of all such messages to that node kept. Without it, it is the one with the shorter way to
 * the destination, always the same for a destination, so that the order of the messages to it is that of the file. The text begins after
 * one space and goes to the end of the line: that of `2 > x` is `> x`. Lines that begin with `#`, and empty ones, are passed over.
 */

/** A line that is no message. */
export type InvalidLine = { line: number; reason: string };

const CR = 0x0d;
const LINE = /^(\*|\d{1,5})(<>|<|>)?(?: (.*))?$/s;
/** The longest line: an ID, a direction, a space and a payload. */
export const MAX_LINE_BYTES = 8 + MAX_PAYLOAD;
/** Some programs put it at the beginning of a file in UTF-8. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Which stream the messages for a destination belong to when the file does not say it. */
export type StreamChoice = (destination: number) => Stream;

/** The token whose way to a destination is the shorter one; clockwise when both are the same. */
export function shorterDirection(ring: readonly number[], id: number): StreamChoice {
  const here = ring.indexOf(id);
  return (destination) => {
    const there = ring.indexOf(destination);
    if (there < 0) return 0;
    const clockwise = (there - here + ring.length) % ring.length;
    return 2 * clockwise <= ring.length ? 0 : 1;
  };
}

/** Reads a line without its end; undefined when it is empty or a comment. */
export function parseLine(
  bytes: Buffer,
  line: number,
  id: number,
  choose: StreamChoice,
): Message | InvalidLine | undefined {
  if (bytes.length === 0 || bytes[0] === 0x23) return undefined;
  // Bytes, not characters: the text goes as it is, and what comes before it is ASCII.
  const parts = LINE.exec(bytes.toString('latin1'));
  const isBroadcast = parts?.[1] === '*';
  const destination = isBroadcast ? id : Number(parts?.[1]);
  if (parts === null || destination > 0xffff) {
    return { line, reason: whyInvalid(bytes) };
  }
  if (isBroadcast && parts[2] !== undefined) {
    return { line, reason: `a message to all nodes takes either token: write * without ${parts[2]}` };
  }
  if (!isBroadcast && destination === id) return { line, reason: `node ${id} cannot send to itself` };
  const payload = bytes.subarray(bytes.length - (parts[3]?.length ?? 0));
  if (payload.length > MAX_PAYLOAD) return { line, reason: `the text is longer than ${MAX_PAYLOAD} bytes` };
  const marks: Record<string, Stream> = { '>': 0, '<': 1, '<>': 2 };
  const stream = isBroadcast ? BROADCAST : (marks[parts[2] ?? ''] ?? choose(destination));
  return { number: line, destination, stream, payload };
}

function whyInvalid(bytes: Buffer): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return 'the file is in UTF-16: save it as UTF-8';
  }
  return 'a line is DESTINATION text, where DESTINATION is the ID of a node, from 0 to 65535, or * for all nodes';
}

/** A line's text: without CR, and without the byte order mark of the file. */
export function textOf(line: Buffer, number: number): Buffer {
  const bytes = line.at(-1) === CR ? line.subarray(0, -1) : line;
  const marked = number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK);
  return marked ? bytes.subarray(3) : bytes;
}
