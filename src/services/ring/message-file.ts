import { createReadStream } from 'node:fs';
import type { Message } from './protocol/event.ts';
import { MAX_PAYLOAD, type Stream } from './protocol/frame.ts';

/*
 * The messages that a node sends, one a line:
 *
 *     DESTINATION text
 *
 * DESTINATION is the ID of a node. It may end in which token takes the message: `>` clockwise, `<` counter-clockwise, `<>` any,
 * with the order of all such messages to that node kept. Without it, it is the one with the shorter way to the destination, always the
 * same for a destination, so that the order of the messages to it is that of the file. The text begins after one space and goes to
 * the end of the line: that of `2 > x` is `> x`. Lines that begin with `#`, and empty ones, are passed over.
 */

/** A line that is no message. */
export type BadLine = { line: number; reason: string };

const LF = 0x0a;
const CR = 0x0d;
const LINE = /^(\d{1,5})(<>|<|>)?(?: (.*))?$/s;
/** The longest line: an ID, a direction, a space and a payload. */
const LONGEST = 8 + MAX_PAYLOAD;

/** Which stream the messages for a destination belong to when the file does not say it. */
export type StreamChoice = (destination: number) => Stream;

/** The token whose way to a destination is the shorter one; clockwise when both are the same. */
export function shorterWay(ring: readonly number[], id: number): StreamChoice {
  const here = ring.indexOf(id);
  return (destination) => {
    const there = ring.indexOf(destination);
    if (there < 0) return 0;
    const clockwise = (there - here + ring.length) % ring.length;
    return 2 * clockwise <= ring.length ? 0 : 1;
  };
}

/** Reads a line; undefined when it is empty or a comment. */
export function parseLine(
  text: Buffer,
  line: number,
  id: number,
  choose: StreamChoice,
): Message | BadLine | undefined {
  const bytes = text.at(-1) === CR ? text.subarray(0, -1) : text;
  if (bytes.length === 0 || bytes[0] === 0x23) return undefined;
  // Bytes, not characters: the text goes as it is, and what comes before it is ASCII.
  const parts = LINE.exec(bytes.toString('latin1'));
  const destination = Number(parts?.[1]);
  if (parts === null || destination > 0xffff) {
    return {
      line,
      reason: 'a line is DESTINATION text, where DESTINATION is the ID of a node, from 0 to 65535',
    };
  }
  if (destination === id) return { line, reason: `node ${id} cannot send to itself` };
  const payload = bytes.subarray(bytes.length - (parts[3]?.length ?? 0));
  if (payload.length > MAX_PAYLOAD) return { line, reason: `the text is longer than ${MAX_PAYLOAD} bytes` };
  const marks: Record<string, Stream> = { '>': 0, '<': 1, '<>': 2 };
  return { number: line, destination, stream: marks[parts[2] ?? ''] ?? choose(destination), payload };
}

/**
 * Reads a message file from its beginning, passing over lines that have been dealt with. The number of a message is that of its line,
 * so what is in the file already must not change; lines may be appended for the next start.
 */
export class MessageFile {
  readonly #lines: AsyncGenerator<Message>;

  constructor(
    path: string,
    reading: { id: number; choose: StreamChoice; after: number; onBadLine(bad: BadLine): void },
  ) {
    this.#lines = messagesIn(path, reading);
  }

  /** The next messages, at most `count`; fewer only at the end. @throws errors of node:fs */
  async read(count: number): Promise<{ messages: Message[]; end: boolean }> {
    const messages: Message[] = [];
    while (messages.length < count) {
      const next = await this.#lines.next();
      if (next.done === true) return { messages, end: true };
      messages.push(next.value);
    }
    return { messages, end: false };
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }
}

type Reading = ConstructorParameters<typeof MessageFile>[1];

async function* messagesIn(path: string, { id, choose, after, onBadLine }: Reading): AsyncGenerator<Message> {
  let line = 0;
  for await (const bytes of linesOf(path)) {
    line++;
    if (line <= after) continue;
    const parsed =
      bytes === undefined
        ? { line, reason: `the line is longer than ${LONGEST} bytes` }
        : parseLine(bytes, line, id, choose);
    if (parsed === undefined) continue;
    if ('reason' in parsed) onBadLine(parsed);
    else yield parsed;
  }
}

/** The lines of a file; undefined for one that is too long to keep. */
async function* linesOf(path: string): AsyncGenerator<Buffer | undefined> {
  let kept: Buffer = Buffer.alloc(0);
  let skipping = false;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      const piece = chunk.subarray(start, end);
      yield skipping ? undefined : kept.length === 0 ? piece : Buffer.concat([kept, piece]);
      kept = Buffer.alloc(0);
      skipping = false;
      start = end + 1;
    }
    if (skipping) continue;
    kept = Buffer.concat([kept, chunk.subarray(start)]);
    if (kept.length > LONGEST) {
      skipping = true;
      kept = Buffer.alloc(0);
    }
  }
  if (skipping) yield undefined;
  else if (kept.length > 0) yield kept;
}
