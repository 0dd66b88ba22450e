import { constants } from 'node:os';
import { errno, lastError } from '../sys/libc.ts';
import { receivedDescriptor, receiveMessage, sendMessage } from '../sys/message-socket.ts';

const { EAGAIN, ECONNRESET, EINTR, EPIPE } = constants.errno;
/** Too many descriptors are on their way (unix(7)); some will arrive. `os.constants` does not have it. */
const ETOOMANYREFS = 109;

/** The most messages taken in one turn. */
const RECEIVE_BUDGET = 64;
/** After how many milliseconds a message is tried again for which the other side had no room. */
const RETRY_AFTER = 1;

type Unsent = { readonly bytes: Uint8Array; readonly descriptor: number; readonly sent: () => void };

/**
 * One end of the line between the supervisor and a worker: messages in order, with descriptors beside them. They travel as JSON, which
 * costs less than `node:v8` when a message is a small object.
 */
export class Channel<Outgoing, Incoming> {
  readonly fd: number;
  readonly #waits: boolean;
  #unsent: Unsent[] = [];
  #retry: NodeJS.Timeout | undefined;

  /** @param waits whether sending may wait for room: so for a worker, whose other side always reads; the supervisor never waits */
  constructor(fd: number, waits: boolean) {
    this.fd = fd;
    this.#waits = waits;
  }

  /** Sends a message; `sent` is called when it is on its way, or will never be since the other side is gone. */
  send(message: Outgoing, descriptor = -1, sent: () => void = () => {}): void {
    this.#unsent.push({ bytes: Buffer.from(JSON.stringify(message)), descriptor, sent });
    if (this.#retry === undefined) this.#flush();
  }

  /** Takes what has come, `most` messages at most. @returns false when the other side has closed, or is gone */
  receive(take: (message: Incoming, descriptor: number) => void, most = RECEIVE_BUDGET): boolean {
    for (let i = 0; i < most; i++) {
      const bytes = receiveMessage(this.fd);
      if (bytes === undefined) {
        const number = errno();
        // A reset is told once, before what had arrived by then (unix(7)); what follows it is the end.
        if (number === ECONNRESET || number === EINTR) continue;
        return number === EAGAIN;
      }
      if (bytes.length === 0) return false;
      const descriptor = receivedDescriptor;
      take(JSON.parse(bytes.toString()) as Incoming, descriptor);
    }
    return true;
  }

  /** Gives up what has not been sent. The descriptor is closed by whoever made it. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (const { sent } of this.#unsent.splice(0)) sent();
  }

  readonly #flush = (): void => {
    this.#retry = undefined;
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      if (sendMessage(this.fd, first.bytes, first.descriptor, this.#waits) < 0) {
        const number = errno();
        if (number === EINTR) continue;
        if (number === EAGAIN || number === ETOOMANYREFS) {
          this.#retry = setTimeout(this.#flush, RETRY_AFTER);
          return;
        }
        // The other side is gone; that it is will be noticed where it is waited for.
        if (number !== EPIPE && number !== ECONNRESET) process.emitWarning(lastError('sendmsg'));
      }
      this.#unsent.shift();
      first.sent();
    }
  };
}
