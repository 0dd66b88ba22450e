import { FileSlice } from './file-slice.ts';
import { FileTransfer, type FileTransferOwner } from './file-transfer.ts';
import type { Output } from './output.ts';
import type { Reply } from './reply.ts';
import { PENDING, type ReplyOwner, ReplyReader } from './reply-reader.ts';
import type { Clock } from './session-host.ts';
import type { FilePart, ReadNow } from './session-port.ts';

/** What a reply queue needs of its session. */
export interface ReplyQueueOwner {
  /** What its loop offers for reading files; undefined when it offers nothing. */
  readonly readNow?: ReadNow | undefined;
  /** A reply that was pending can go on. */
  replyReady(): void;
  /** A reply failed; `halfWritten` when part of it is in the output already. */
  replyFailed(error: unknown, halfWritten: boolean): void;
}

/**
 * The replies of one client that are in progress. Each is written whole: the one that has begun keeps the output to itself
 * until its last piece, and is pulled only while the output has room.
 */
export class ReplyQueue implements ReplyOwner, FileTransferOwner {
  /** How many of the replies answer a message (the others are unsolicited). */
  answering = 0;

  readonly #output: Output;
  readonly #clock: Clock;
  readonly #highWater: number;
  readonly #owner: ReplyQueueOwner;
  /** Every reply that is not over. */
  #replies: ReplyReader[] = [];
  /** Those of them that can go on, in the order in which they became ready. */
  readonly #ready: ReplyReader[] = [];
  #writer: ReplyReader | undefined;
  /** The slice of a file that the writer has come to. It goes out after the output, and nothing is pulled behind it. */
  #file: FileTransfer | undefined;

  constructor(output: Output, clock: Clock, highWater: number, owner: ReplyQueueOwner) {
    this.#output = output;
    this.#clock = clock;
    this.#highWater = highWater;
    this.#owner = owner;
  }

  get empty(): boolean {
    return this.#replies.length === 0;
  }

  /** Whether a reply has put its first piece into the output and not yet its last. */
  get halfWritten(): boolean {
    return this.#writer?.started === true;
  }

  add(reply: Reply, answers: boolean): void {
    const reader = new ReplyReader(reply, answers, this, this.#clock.now);
    if (answers) this.answering++;
    this.#replies.push(reader);
    if (!reader.pending) this.#ready.push(reader);
  }

  /** Moves pieces into the output until it is full, or until every reply is over or pending. */
  pull(): void {
    if (this.#file?.over) this.#closeFile();
    while (this.#file === undefined && this.#output.length < this.#highWater) {
      const reader = this.#writer ?? this.#ready.shift();
      if (reader === undefined) return;
      this.#writer = reader;
      let piece: string | Uint8Array | FileSlice | typeof PENDING | undefined;
      try {
        piece = reader.next(this.#clock.now);
      } catch (error) {
        this.#remove(reader);
        reader.close();
        this.#owner.replyFailed(error, reader.started);
        continue;
      }
      // The handler may have ended its own conversation meanwhile.
      if (this.#writer !== reader) return;
      if (piece === PENDING) {
        if (reader.started) return;
        this.#writer = undefined;
      } else if (piece === undefined) this.#remove(reader);
      else {
        reader.started = true;
        if (piece instanceof FileSlice) this.#open(piece, reader);
        else this.#output.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
      }
    }
  }

  /** Whether bytes of a file can be sent as soon as the output is empty. */
  get hasFile(): boolean {
    return this.#file !== undefined && this.#file.loadingSince === undefined;
  }

  /** The part of a file that is to be sent next, when the output is empty. */
  filePart(): FilePart | undefined {
    return this.#file?.part();
  }

  /** The bytes of a file that are to be sent next, when the output is empty; undefined when there are none, or none yet. */
  fileBytes(): Uint8Array | undefined {
    try {
      return this.#file?.bytes(this.#owner.readNow, this.#clock.now);
    } catch (error) {
      this.#fileFailed(this.#writer as ReplyReader, error);
      return undefined;
    }
  }

  #fileFailed(writer: ReplyReader, error: unknown): void {
    this.#closeFile();
    this.#remove(writer);
    writer.close();
    this.#owner.replyFailed(error, true);
  }

  /** So many bytes of the file were sent. */
  fileSent(count: number): void {
    this.#file?.advance(count);
  }

  fileReady(): void {
    this.#owner.replyReady();
  }

  replyReady(reader: ReplyReader): void {
    if (reader !== this.#writer) this.#ready.push(reader);
    this.#owner.replyReady();
  }

  /** Since when the reply that has been pending longest has been, for its handler or for a file; undefined when none is. */
  pendingSince(): number | undefined {
    let oldest = this.#file?.loadingSince;
    for (const reply of this.#replies) {
      if (reply.pending && (oldest === undefined || reply.pendingSince < oldest)) oldest = reply.pendingSince;
    }
    return oldest;
  }

  /** Abandons all replies; their generators are closed. */
  drop(): void {
    const replies = this.#replies;
    this.#replies = [];
    this.#ready.length = 0;
    this.#writer = undefined;
    this.answering = 0;
    this.#closeFile();
    for (const reply of replies) reply.close();
  }

  #open(slice: FileSlice, writer: ReplyReader): void {
    this.#file = new FileTransfer(slice, this);
    try {
      const whole = this.#file.whole(this.#owner.readNow);
      if (whole === undefined) return;
      this.#output.push(whole);
      this.#closeFile();
    } catch (error) {
      this.#fileFailed(writer, error);
    }
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #remove(reader: ReplyReader): void {
    this.#writer = undefined;
    if (reader.answers) this.answering--;
    this.#replies.splice(this.#replies.indexOf(reader), 1);
  }
}
