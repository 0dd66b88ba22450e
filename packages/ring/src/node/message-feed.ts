import { type FileMessage, type MessageFile, MessageFileError } from './message-file.ts';

/** Where messages come from: a {@link MessageFile}, or what behaves like one. */
export type MessageSource = Pick<MessageFile, 'read' | 'close'> & Partial<Pick<MessageFile, 'hasGrown'>>;

export type FeedOptions = {
  /** Whether the source is read on as it grows. */
  follow: boolean;
  /** Messages have been read, or the source has grown (none, and `end` false). */
  onMessages(messages: FileMessage[], end: boolean): void;
  /** The source is followed, and cannot be read on at present; undefined when it can again. */
  onProblem(reason: string | undefined): void;
  /** The source cannot be read. */
  onFailed(reason: string): void;
  /** Whether further lines are of no use: the ring ends, or the node leaves. */
  isEnding(): boolean;
};

/** How often a source that is followed is checked for growth. */
const GROWTH_CHECK_INTERVAL_MS = 100;

/** Reads messages when the node asks for them, and follows a file that grows. */
export class MessageFeed {
  readonly #source: MessageSource;
  readonly #options: FeedOptions;
  #timer: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  #stopped = false;

  constructor(source: MessageSource, options: FeedOptions) {
    this.#source = source;
    this.#options = options;
  }

  async read(count: number): Promise<void> {
    const { follow, onMessages, onFailed } = this.#options;
    try {
      const { messages, end } = await this.#source.read(count);
      if (this.#stopped) return;
      onMessages(messages, end);
      if (end && follow) this.#checkLater();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      onFailed(error instanceof MessageFileError ? reason : `its message file cannot be read: ${reason}`);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  #checkLater(): void {
    this.#timer = setTimeout(() => void this.#check(), GROWTH_CHECK_INTERVAL_MS);
  }

  async #check(): Promise<void> {
    if (this.#stopped || this.#options.isEnding()) return;
    let grown = false;
    let problem: string | undefined;
    try {
      grown = (await this.#source.hasGrown?.()) ?? false;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (problem !== this.#problem) this.#options.onProblem(problem);
    this.#problem = problem;
    if (this.#stopped) return;
    if (grown) this.#options.onMessages([], false);
    else this.#checkLater();
  }
}
