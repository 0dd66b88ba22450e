import { READ, RELEASED, type SessionPort, type Waker, WRITE } from '../session/session-port.ts';
import { onNextTurn } from './settle.ts';

/** What is taken from the client in one turn at most, in bytes, as by the loops of a server. */
const RECEIVE_SIZE = 65_536;
/** What is sent to it in one turn at most. */
const SEND_BUDGET = 262_144;
/** What stands in the receive buffer where nothing was received: ends of lines, which would do most harm if they were read. */
const STALE = 0x0a;

const END = Symbol('end');

/** A loop for one client, whose network is two queues: it drives a session as the loops of a server do, turn by turn. */
export class MemoryLoop implements Waker {
  /** When the session wants to be looked at again. */
  nextTick: number;
  readonly #session: SessionPort;
  /** Sent by the client and not read by the server, in the pieces in which it comes. */
  readonly #inbound: (Buffer | typeof END)[] = [];
  #received: Buffer[] = [];
  /** How many bytes of the receive buffer the protocol has been given views of in this turn. */
  #sharedBytes = 0;
  #receiveBuffer = Buffer.alloc(RECEIVE_SIZE, STALE);
  #window = Number.POSITIVE_INFINITY;
  #woken = false;
  #scheduled = false;
  #inTurn = false;
  #reset = false;

  constructor(session: SessionPort, now: number) {
    this.#session = session;
    session.waker = this;
    this.nextTick = session.tick(now);
  }

  /** Whether nothing is left to do without an outside event. */
  get idle(): boolean {
    return !this.#scheduled;
  }

  /** How many bytes the server has not read yet. */
  get unread(): number {
    return this.#inbound.reduce((sum, piece) => sum + (piece === END ? 0 : piece.length), 0);
  }

  /** How many more bytes the client takes. */
  set window(bytes: number) {
    this.#window = bytes;
    this.turn();
  }

  /** What the client has taken since it was last asked. */
  take(): Buffer {
    const received = Buffer.concat(this.#received);
    this.#received = [];
    return received;
  }

  /** Puts bytes back, to be taken next. */
  putBack(bytes: Buffer): void {
    this.#received.unshift(bytes);
  }

  /** Begins: the session greets. */
  open(): void {
    this.#run(() => this.#session.open());
  }

  send(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += RECEIVE_SIZE) {
      this.#inbound.push(bytes.subarray(at, at + RECEIVE_SIZE));
    }
    this.turn();
  }

  end(): void {
    this.#inbound.push(END);
    this.turn();
  }

  reset(): void {
    this.#reset = true;
    this.turn();
  }

  /** Does what comes from the server itself: a deadline, a drain. */
  act(action: (session: SessionPort) => void): void {
    if (this.#session.finished) return;
    if (this.#inTurn) action(this.#session);
    else this.#run(() => action(this.#session));
  }

  wake(): void {
    this.#woken = true;
    this.#schedule();
  }

  tickBy(at: number): void {
    this.nextTick = Math.min(this.nextTick, at);
  }

  /** What one turn of a server's loop does for a client: one receive, or what was left for later; then what is to be sent. */
  turn(): void {
    if (this.#inTurn) this.#schedule();
    else this.#run(() => this.#step());
  }

  #step(): void {
    const session = this.#session;
    if (this.#reset) session.broken();
    else if (this.#woken) {
      this.#woken = false;
      session.resume();
    } else if ((session.interest & READ) !== 0) this.#deliver(this.#inbound.shift());
  }

  #deliver(piece: Buffer | typeof END | undefined): void {
    if (piece === undefined) return;
    if (piece === END) {
      this.#session.receiveEnd();
      return;
    }
    const buffer = this.#receiveBuffer;
    piece.copy(buffer);
    if (this.#session.receive(buffer, piece.length)) this.#sharedBytes = piece.length;
    else buffer.fill(STALE, 0, piece.length);
  }

  /** What a frame is a view of is written over, unless it may be looked at again. */
  #reuseReceiveBuffer(): void {
    if (this.#sharedBytes > 0 && this.#session.keeps !== RELEASED)
      this.#receiveBuffer = Buffer.alloc(RECEIVE_SIZE, STALE);
    else this.#receiveBuffer.fill(STALE, 0, this.#sharedBytes);
    this.#sharedBytes = 0;
  }

  #run(action: () => void): void {
    if (this.#session.finished) return;
    this.#inTurn = true;
    try {
      action();
      this.#send();
      this.#reuseReceiveBuffer();
    } finally {
      this.#inTurn = false;
    }
    if (this.#session.finished) this.#inbound.length = 0;
    else if (this.#hasWork()) this.#schedule();
  }

  #send(): void {
    for (let budget = SEND_BUDGET; budget > 0 && this.#window > 0 && !this.#session.finished; ) {
      const bytes = this.#session.outgoing();
      if (bytes === undefined) return;
      const count = Math.min(bytes.length, budget, this.#window);
      this.#received.push(Buffer.from(bytes.subarray(0, count)));
      budget -= count;
      this.#window -= count;
      this.#session.sent(count);
    }
  }

  #hasWork(): boolean {
    const { interest } = this.#session;
    if (this.#woken || this.#reset) return true;
    return (
      ((interest & READ) !== 0 && this.#inbound.length > 0) || ((interest & WRITE) !== 0 && this.#window > 0)
    );
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    onNextTurn(() => {
      this.#scheduled = false;
      this.turn();
    });
  }
}
