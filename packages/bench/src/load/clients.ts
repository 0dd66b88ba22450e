import { constants } from 'node:os';
import {
  close,
  disableNagle,
  EPOLLIN,
  EPOLLOUT,
  Epoll,
  EventBatch,
  encodeIpAddress,
  errno,
  errnoName,
  lastError,
  receive,
  send,
  startConnect,
} from 'zocalo/sys';
import { Histogram } from './histogram.ts';
import { MessagePool } from './message-pool.ts';

const { EAGAIN, EINTR } = constants.errno;

const RECEIVE_BYTES = 64 * 1024;
/** Connections made at once: fewer than any server's backlog, so that none has to wait for a repeated SYN. */
const MAX_CONNECTING = 100;
/**
 * One receive in so many is compared byte by byte; the number of bytes is checked always. A prime, so that clients
 * that take turns are all met.
 */
const COMPARE_EVERY = 31;

/**
 * Clients of an echo server in a closed loop: each has `depth` messages in flight and sends the next when one has come
 * back. All of them share one epoll instance and one thread that blocks in it: what is not the server should cost
 * little. State is kept in typed arrays with the client's number as the index.
 */
export class Clients {
  /** Time from handing a message to the kernel until it was back in full. */
  readonly latencies = new Histogram();
  readonly #depth: number;
  readonly #messageBytes: number;
  readonly #address: Buffer;
  readonly #pool: MessagePool;
  readonly #epoll = new Epoll();
  readonly #batch = new EventBatch(1024);
  readonly #buffer = Buffer.alloc(RECEIVE_BYTES);
  readonly #descriptors: Int32Array;
  /** Where in the pool the next byte to send and the next byte to receive are. */
  readonly #sendAt: Int32Array;
  readonly #receiveAt: Int32Array;
  /** Bytes that wait to be sent, and bytes that must still come back (these included). */
  readonly #unsent: Int32Array;
  readonly #awaited: Int32Array;
  /** Whether the client waits for room in its socket: EPOLLOUT is asked for. */
  readonly #blocked: Uint8Array;
  /** When each message in flight started: a ring of `depth` times a client. */
  readonly #startedAt: Float64Array;
  readonly #started: Uint32Array;
  readonly #finished: Uint32Array;
  #inFlight = 0;
  #sending = false;
  #untilCompare = 0;

  constructor(port: number, count: number, messageBytes: number, depth: number) {
    this.#depth = depth;
    this.#messageBytes = messageBytes;
    this.#address = encodeIpAddress('127.0.0.1', port);
    this.#pool = new MessagePool(messageBytes, depth);
    this.#descriptors = new Int32Array(count).fill(-1);
    this.#sendAt = new Int32Array(count);
    this.#receiveAt = new Int32Array(count);
    this.#unsent = new Int32Array(count);
    this.#awaited = new Int32Array(count);
    this.#blocked = new Uint8Array(count);
    this.#startedAt = new Float64Array(count * depth);
    this.#started = new Uint32Array(count);
    this.#finished = new Uint32Array(count);
  }

  /** Connects all clients; each sends one message and gets it back, so the server has met every one of them. */
  connect(timeoutMs: number): void {
    const deadline = performance.now() + timeoutMs;
    for (let client = 0; client < this.#descriptors.length; client++) {
      const fd = startConnect(this.#address);
      disableNagle(fd);
      this.#descriptors[client] = fd;
      this.#sendAt[client] = this.#receiveAt[client] = this.#pool.start(client);
      this.#epoll.add(fd, EPOLLIN, client);
      this.#submit(client, 1, performance.now());
      if (this.#inFlight >= MAX_CONNECTING) this.#awaitReplies(deadline);
    }
    this.#awaitReplies(deadline);
  }

  /** Starts the closed loop: from here on, every client has `depth` messages in flight. */
  start(): void {
    this.#sending = true;
    for (let client = 0; client < this.#descriptors.length; client++) {
      this.#submit(client, this.#depth, performance.now());
    }
  }

  /** Serves the clients for so long. A connection that is lost meanwhile throws, also when all are idle. */
  run(durationMs: number): void {
    const end = performance.now() + durationMs;
    for (let leftMs = durationMs; leftMs > 0; leftMs = end - performance.now()) this.#turn(Math.ceil(leftMs));
  }

  /** Ends the closed loop: sends nothing new and waits for all that is in flight. */
  finish(timeoutMs: number): void {
    this.#sending = false;
    this.#awaitReplies(performance.now() + timeoutMs);
  }

  close(): void {
    for (const fd of this.#descriptors) if (fd >= 0) close(fd);
    this.#epoll.close();
  }

  #awaitReplies(deadlineMs: number): void {
    while (this.#inFlight > 0) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`${this.#inFlight} messages did not come back in time`);
      this.#turn(Math.ceil(leftMs));
    }
  }

  #turn(timeoutMs: number): void {
    const count = this.#epoll.wait(this.#batch, timeoutMs);
    if (count < 0 && errno() !== EINTR) throw lastError('epoll_wait');
    for (let i = 0; i < count; i++) {
      // `generation` is the second word of a registration: here it is the number of the client.
      const client = this.#batch.generation(i);
      const events = this.#batch.events(i);
      if ((events & EPOLLOUT) !== 0) this.#flush(client);
      if ((events & ~EPOLLOUT) !== 0) this.#receive(client);
    }
  }

  #receive(client: number): void {
    const count = receive(this.#descriptors[client] as number, this.#buffer, RECEIVE_BYTES);
    if (count <= 0) {
      this.#failed(client, count);
      return;
    }
    const now = performance.now();

    const awaited = (this.#awaited[client] as number) - count;
    if (awaited < 0) throw new Error(`client ${client} got ${-awaited} bytes more than it had sent`);
    const at = this.#receiveAt[client] as number;
    if (this.#untilCompare-- === 0) {
      this.#untilCompare = COMPARE_EVERY - 1;
      if (!this.#pool.matches(at, this.#buffer, count))
        throw new Error(`client ${client} got other bytes back`);
    }
    this.#awaited[client] = awaited;
    this.#receiveAt[client] = this.#pool.advance(at, count);

    const stillInFlight = Math.ceil(awaited / this.#messageBytes);
    const completed = (this.#started[client] as number) - (this.#finished[client] as number) - stillInFlight;
    if (completed === 0) return;
    this.#complete(client, completed, now);
    if (this.#sending) this.#submit(client, completed, now);
  }

  #complete(client: number, messages: number, now: number): void {
    let finished = this.#finished[client] as number;
    for (let i = 0; i < messages; i++, finished++) {
      const startedAt = this.#startedAt[client * this.#depth + (finished % this.#depth)] as number;
      this.latencies.record((now - startedAt) * 1e6);
    }
    this.#finished[client] = finished;
    this.#inFlight -= messages;
  }

  #submit(client: number, messages: number, now: number): void {
    let started = this.#started[client] as number;
    for (let i = 0; i < messages; i++, started++) {
      this.#startedAt[client * this.#depth + (started % this.#depth)] = now;
    }
    this.#started[client] = started;
    this.#inFlight += messages;
    const bytes = messages * this.#messageBytes;
    this.#unsent[client] = (this.#unsent[client] as number) + bytes;
    this.#awaited[client] = (this.#awaited[client] as number) + bytes;
    this.#flush(client);
  }

  #flush(client: number): void {
    const unsent = this.#unsent[client] as number;
    const at = this.#sendAt[client] as number;
    const fd = this.#descriptors[client] as number;
    const sent = unsent === 0 ? 0 : send(fd, this.#pool.from(at), unsent);
    if (sent < 0) this.#failed(client, sent);
    else {
      this.#unsent[client] = unsent - sent;
      this.#sendAt[client] = this.#pool.advance(at, sent);
    }
    const blocked = sent < unsent ? 1 : 0;
    if (blocked === this.#blocked[client]) return;
    this.#blocked[client] = blocked;
    this.#epoll.modify(fd, blocked === 1 ? EPOLLIN | EPOLLOUT : EPOLLIN, client);
  }

  /** Returns when the call is merely to be repeated later; throws when the connection is lost. */
  #failed(client: number, result: number): void {
    if (result < 0 && (errno() === EAGAIN || errno() === EINTR)) return;
    const cause = result === 0 ? 'closed by the server' : errnoName(errno());
    throw new Error(
      `client ${client} lost its connection: ${cause}, after ${this.#finished[client]} messages`,
    );
  }
}
