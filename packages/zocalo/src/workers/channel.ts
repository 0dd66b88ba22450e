import { constants } from 'node:os';
import { LinkedQueue } from '../admission/linked-queue.ts';
import { errno, lastError } from '../sys/libc.ts';
import { receivedDescriptor, receiveMessage, sendMessage } from '../sys/message-socket.ts';

const { EAGAIN, ECONNRESET, EINTR, EPIPE } = constants.errno;
/** Too many descriptors are on their way (unix(7)); some will arrive. `os.constants` does not have it. */
const ETOOMANYREFS = 109;

/** The most messages taken in one turn. */
const RECEIVE_BUDGET = 64;
/** After how many milliseconds a message is tried again for which the other side had no room. */
const RETRY_DELAY_MS = 1;

const LF = 0x0a;
const NONE = Buffer.alloc(0);

type Unsent = { readonly bytes: Uint8Array; readonly descriptor: number; readonly sent: () => void };

/** A message as it travels, with a payload of bytes if it has one. */
export function encodeMessage(message: unknown, payload?: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  return payload === undefined ? text : Buffer.concat([text, Buffer.of(LF), payload]);
}

/** A message that is none, from a side that does not keep to what was agreed. */
export class InvalidMessageError extends Error {}

/**
 * One end of the line between the supervisor and a worker: messages in order, with descriptors beside them. They travel as JSON, which
 * costs less than `node:v8` when a message is a small object; bytes that belong to one, its payload, stand behind a line feed, which JSON
 * without white space has not.
 */
export class Channel<Outgoing, Incoming> {
  readonly fd: number;
  readonly #blocking: boolean;
  readonly #read: (value: unknown) => Incoming;
  #unsent = new LinkedQueue<Unsent>();
  #unsentBytes = 0;
  #retry: NodeJS.Timeout | undefined;

  /**
   * @param blocking whether sending may wait for room: so for a worker, whose other side always reads; the supervisor never waits
   * @param read makes a message of what has come, and throws when it is none; default: what comes is believed
   */
  constructor(fd: number, blocking: boolean, read = (value: unknown) => value as Incoming) {
    this.fd = fd;
    this.#blocking = blocking;
    this.#read = read;
  }

  /** Sends a message; `sent` is called when it is on its way, or will never be since the other side is gone. */
  send(message: Outgoing, descriptor = -1, sent?: () => void): void {
    this.sendEncoded(encodeMessage(message), sent, descriptor);
  }

  /** Sends what {@link encodeMessage} has made: for a message that goes to several. */
  sendEncoded(bytes: Uint8Array, sent: () => void = () => {}, descriptor = -1): void {
    this.#unsent.add({ bytes, descriptor, sent });
    this.#unsentBytes += bytes.length;
    if (this.#retry === undefined) this.#flush();
  }

  /** How many bytes of messages wait for room. */
  get waiting(): number {
    return this.#unsentBytes;
  }

  /**
   * Takes what has come, `limit` messages at most. A payload is the receiver's.
   * @returns false when the other side has closed, or is gone
   * @throws InvalidMessageError
   */
  receive(
    onMessage: (message: Incoming, descriptor: number, payload: Buffer) => void,
    limit = RECEIVE_BUDGET,
  ): boolean {
    for (let i = 0; i < limit; i++) {
      const bytes = receiveMessage(this.fd);
      if (bytes === undefined) {
        const number = errno();
        // A reset is reported once, before what had arrived by then (unix(7)); what follows it is the end.
        if (number === ECONNRESET || number === EINTR) continue;
        return number === EAGAIN;
      }
      if (bytes.length === 0) return false;
      const descriptor = receivedDescriptor;
      const end = bytes.indexOf(LF);
      const payload = end < 0 ? NONE : Buffer.from(bytes.subarray(end + 1));
      onMessage(this.#parse(bytes, end < 0 ? bytes.length : end), descriptor, payload);
    }
    return true;
  }

  #parse(bytes: Buffer, length: number): Incoming {
    try {
      return this.#read(JSON.parse(bytes.toString('utf8', 0, length)));
    } catch (cause) {
      throw new InvalidMessageError((cause as Error).message, { cause });
    }
  }

  /** Gives up what has not been sent. The descriptor is closed by its owner. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const unsent = this.#unsent;
    this.#unsent = new LinkedQueue();
    this.#unsentBytes = 0;
    for (const { sent } of unsent) sent();
  }

  readonly #flush = (): void => {
    this.#retry = undefined;
    for (let first = this.#unsent.first; first !== undefined; first = this.#unsent.first) {
      const { bytes, descriptor, sent } = first.value;
      if (sendMessage(this.fd, bytes, descriptor, this.#blocking) < 0) {
        const number = errno();
        if (number === EINTR) continue;
        if (number === EAGAIN || number === ETOOMANYREFS) {
          this.#retry = setTimeout(this.#flush, RETRY_DELAY_MS);
          return;
        }
        // The other side is gone; that it is will be noticed where it is waited for.
        if (number !== EPIPE && number !== ECONNRESET) process.emitWarning(lastError('sendmsg'));
      }
      this.#unsent.remove(first);
      this.#unsentBytes -= bytes.length;
      sent();
    }
  };
}
