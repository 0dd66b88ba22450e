import { X509Certificate } from 'node:crypto';
import { TlsError } from '../errors.ts';
import type { CloseReason } from '../session/close-reason.ts';
import { ReceiveBuffer } from '../session/receive-buffer.ts';
import type { Clock } from '../session/session-host.ts';
import { READ, RELEASED, type SessionPort, type Waker, WRITE } from '../session/session-port.ts';
import type { TlsInfo } from '../session/tls-info.ts';
import { type Address, bio, clearErrors, derOf, selectedProtocol, ssl, takeErrors } from '../sys/openssl.ts';
import type { TlsContext } from './tls-context.ts';

/** Where a connection stands; it only ever moves down this list. */
const HANDSHAKE = 0;
/** The conversation runs. */
const SECURE = 1;
/** The conversation is over; an alert or our end of TLS is still to be sent. */
const CLOSING = 2;
const CLOSED = 3;

/** Of openssl/ssl.h. */
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_ZERO_RETURN = 6;

/** The first byte of a handshake (RFC 8446 section 5.1). */
const HANDSHAKE_RECORD = 22;
/** The longest text of a record (RFC 8446 section 5.1): of what is sent, one record is made at a time. */
const MAX_RECORD_TEXT = 16_384;
/** What a loop receives at once, and a record that had been incomplete before. */
const MAX_TEXT_AT_ONCE = 65_536 + MAX_RECORD_TEXT;
/** How long our end of TLS, or an alert, may take to leave. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * The memory from which OpenSSL reads, and that into which it writes: one pair for all connections of a thread, as each call finds them empty
 * and leaves them empty. A pair for each would cost an idle client 40 KiB.
 */
const received = bio.new();
const written = bio.new();
const textBuffer = new ReceiveBuffer(MAX_TEXT_AT_ONCE);

/** What a TLS connection reports to. */
export interface TlsSessionOwner {
  readonly clock: Clock;
  /** Whether the session inside, which is finished, has sent all that it had to send. */
  readonly complete: boolean;
  /** The handshake is done. */
  secured(info: TlsInfo): void;
  /**
   * TLS failed, or its handshake did: the session inside is to be finished with this reason.
   * @param begun whether its conversation had begun
   */
  failed(reason: CloseReason, error: TlsError | undefined, begun: boolean): void;
}

/** Bytes for the socket, and how many bytes of the session inside they carry. */
type Chunk = { readonly bytes: Buffer; readonly carried: number };

/**
 * TLS between a loop and a session, without any I/O (RFC 8446, RFC 5246): to the loop it is a session, and to the session it is a loop. The
 * session inside begins when the handshake is done, and sees only what was meant for it.
 *
 * Its `SSL` is made by the client's first byte and freed once, when it is CLOSED. OpenSSL is never called while a call of it runs: all text is taken
 * out before the session inside is given any.
 */
export class TlsSession implements SessionPort {
  readonly #inner: SessionPort;
  readonly #context: TlsContext;
  readonly #owner: TlsSessionOwner;
  readonly #handshakeUntil: number;
  #state = HANDSHAKE;
  #waker: Waker | undefined;
  #connection: Address = 0;
  /** What is to be sent, the first of which the loop has; undefined when there is nothing. */
  #chunks: Chunk[] | undefined;
  /** How much of the first chunk is sent, and how many of the bytes that it carries were reported as sent. */
  #sentOfChunk = 0;
  #reported = 0;
  /** Whether the other side has ended TLS, and whether it has ended its connection. */
  #textEnded = false;
  #ended = false;
  #closeUntil = 0;

  /** @param handshakeUntil when the handshake is given up, in milliseconds of the clock */
  constructor(inner: SessionPort, context: TlsContext, handshakeUntil: number, owner: TlsSessionOwner) {
    this.#inner = inner;
    this.#context = context;
    this.#owner = owner;
    this.#handshakeUntil = handshakeUntil;
  }

  get waker(): Waker | undefined {
    return this.#waker;
  }

  /** What the session inside asks of the loop comes back here. */
  set waker(waker: Waker | undefined) {
    this.#waker = waker;
    this.#inner.waker = waker;
  }

  get finished(): boolean {
    return this.#state === CLOSED;
  }

  get lingers(): boolean {
    return !this.#ended && (this.#textEnded || this.#inner.lingers);
  }

  get interest(): number {
    const writes = this.#chunks === undefined ? 0 : WRITE;
    switch (this.#state) {
      case HANDSHAKE:
        return READ | writes;
      case SECURE:
        return this.#inner.interest | writes;
      default:
        return writes;
    }
  }

  get awaits(): boolean {
    return this.#state === SECURE && this.#inner.awaits;
  }

  /** What is received is decrypted at once. */
  readonly keeps = RELEASED;

  open(): void {}

  receive(bytes: Buffer, length: number): boolean {
    if (this.#state >= CLOSING || this.#textEnded) return false;
    if (this.#connection === 0 && !this.#begin(bytes, length)) return false;
    clearErrors();
    bio.write(received, bytes, length);
    if (this.#state === HANDSHAKE && !this.#handshake()) return false;
    this.#receiveText();
    this.#settle();
    return false;
  }

  receiveEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#state === HANDSHAKE) {
      const silent = this.#connection === 0;
      this.#fail('handshake', silent ? undefined : new TlsError('the client broke the TLS handshake off'));
    } else if (this.#state === SECURE && !this.#textEnded) this.#fail('truncated', undefined);
    this.#settle();
  }

  broken(): void {
    this.#ended = true;
    if (this.#state === HANDSHAKE) this.#fail('reset', undefined);
    else this.#inner.broken();
    this.#close();
  }

  outgoing(): Uint8Array | undefined {
    if (this.#chunks === undefined && this.#state === SECURE) this.#encrypt();
    const chunk = this.#chunks?.[0]?.bytes;
    return this.#sentOfChunk === 0 ? chunk : chunk?.subarray(this.#sentOfChunk);
  }

  sent(count: number): void {
    const { bytes, carried } = (this.#chunks as Chunk[])[0] as Chunk;
    this.#sentOfChunk += count;
    const complete = this.#sentOfChunk === bytes.length;
    // Reported as it goes, or a slow client would seem to take nothing of a long record.
    const reached = complete ? carried : Math.floor((carried * this.#sentOfChunk) / bytes.length);
    const fresh = reached - this.#reported;
    this.#reported = reached;
    if (complete) this.#dropChunk();
    if (fresh > 0 && this.#state === SECURE) this.#inner.sent(fresh);
    this.#settle();
  }

  resume(): void {
    if (this.#state === SECURE) this.#inner.resume();
    this.#settle();
  }

  tick(now: number): number {
    if (this.#state === HANDSHAKE) {
      if (now < this.#handshakeUntil) return this.#handshakeUntil;
      this.#fail('handshake-timeout', undefined);
    } else if (this.#state === SECURE) {
      const next = this.#inner.tick(now);
      this.#settle();
      if (this.#state === SECURE) return next;
    }
    if (this.#state === CLOSING && now >= this.#closeUntil) this.#close();
    return this.#closeUntil;
  }

  drain(): void {
    if (this.#state === HANDSHAKE) this.#fail('drain', undefined);
    else if (this.#state === SECURE) this.#inner.drain();
    this.#settle();
  }

  stop(): void {
    if (this.#state === HANDSHAKE) this.#owner.failed('stopped', undefined, false);
    else this.#inner.stop();
    // A refusal goes on.
    if (this.#state !== SECURE || this.#inner.finished) this.#close();
  }

  /** @returns whether it is TLS, by its first byte, and can begin */
  #begin(bytes: Buffer, length: number): boolean {
    if (bytes[0] !== HANDSHAKE_RECORD) {
      const text = bytes.toString('latin1', 0, Math.min(length, 16));
      const isHttp = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT) /.test(text);
      this.#fail(
        'handshake',
        new TlsError(`plain text to a TLS endpoint${isHttp ? ': an HTTP request' : ''}`),
      );
      return false;
    }
    this.#connection = ssl.new(this.#context.address);
    if (this.#connection === 0) {
      this.#fail('handshake', new TlsError('there is no memory for a TLS connection', takeErrors()));
      return false;
    }
    bio.retain(received);
    bio.retain(written);
    ssl.setBio(this.#connection, received, written);
    ssl.setAcceptState(this.#connection);
    return true;
  }

  /** @returns whether the handshake is done, and the conversation has begun */
  #handshake(): boolean {
    const result = ssl.doHandshake(this.#connection);
    if (result !== 1) {
      const outcome = this.#outcomeOf(result, 'the TLS handshake failed');
      if (outcome instanceof TlsError) this.#fail('handshake', outcome);
      return false;
    }
    this.#takeWritten(0);
    this.#state = SECURE;
    this.#owner.secured(infoOf(this.#connection));
    this.#inner.open();
    if (!this.#inner.finished) this.#waker?.tickBy(this.#inner.tick(this.#owner.clock.now));
    return true;
  }

  #receiveText(): void {
    // What the session inside does may end it, and free the connection.
    while (this.#state === SECURE) {
      const { free } = textBuffer;
      let length = 0;
      let result: number;
      do {
        const room = Math.min(free.length - length, MAX_RECORD_TEXT);
        result = ssl.read(this.#connection, length === 0 ? free : free.subarray(length), room);
        if (result > 0) length += result;
      } while (result > 0 && length < free.length);
      const outcome = result > 0 ? undefined : this.#outcomeOf(result, 'the TLS connection failed');
      // Nothing is under way in OpenSSL now: the session inside may lead to what other connections do.
      if (length > 0) this.#pass(free, length);
      if (outcome === undefined) continue;
      if (outcome === 'text-ended') {
        this.#textEnded = true;
        this.#inner.receiveEnd();
      } else if (outcome !== 'wants-more') this.#fail('tls', outcome);
      return;
    }
    bio.reset(received);
  }

  #pass(bytes: Buffer, length: number): void {
    if (this.#inner.finished) return;
    const shared = this.#inner.receive(bytes, length);
    if (shared && this.#inner.keeps !== RELEASED) textBuffer.detach(length);
  }

  /** What it means that a call of OpenSSL did not succeed; nothing that was received is left behind for another connection. */
  #outcomeOf(result: number, failure: string): 'wants-more' | 'text-ended' | TlsError {
    const code = ssl.getError(this.#connection, result);
    this.#takeWritten(0);
    if (code === SSL_ERROR_WANT_READ) return 'wants-more';
    bio.reset(received);
    if (code === SSL_ERROR_ZERO_RETURN) return 'text-ended';
    const reasons = takeErrors();
    return new TlsError(`${failure}: ${reasons.join('; ') || 'the client broke it off'}`, reasons);
  }

  /** Makes a record of what the session inside is to send next. */
  #encrypt(): void {
    const bytes = this.#inner.outgoing();
    if (bytes === undefined || bytes.length === 0) return;
    const length = Math.min(bytes.length, MAX_RECORD_TEXT);
    clearErrors();
    const result = ssl.write(this.#connection, bytes, length);
    if (result === length) {
      this.#takeWritten(length);
      return;
    }
    const outcome = this.#outcomeOf(result, 'the TLS connection failed');
    this.#fail('tls', outcome instanceof TlsError ? outcome : new TlsError('a TLS record could not be made'));
  }

  /** Takes what OpenSSL has written, for the socket. */
  #takeWritten(carried: number): void {
    const length = bio.pending(written);
    if (length === 0) return;
    const bytes = Buffer.allocUnsafe(length);
    bio.read(written, bytes, length);
    this.#chunks ??= [];
    this.#chunks.push({ bytes, carried });
  }

  #dropChunk(): void {
    const chunks = this.#chunks as Chunk[];
    chunks.shift();
    if (chunks.length === 0) this.#chunks = undefined;
    this.#sentOfChunk = 0;
    this.#reported = 0;
  }

  /** Ends the conversation inside, and then what is left of the connection. */
  #fail(reason: CloseReason, error: TlsError | undefined): void {
    const begun = this.#state === SECURE;
    if (this.#state >= CLOSING) return;
    this.#state = CLOSING;
    this.#owner.failed(reason, error, begun);
    this.#closeSoon();
  }

  /** Goes on as far as the session inside has come. */
  #settle(): void {
    if (this.#state === SECURE && this.#inner.finished) {
      this.#state = CLOSING;
      // Without TLS's own end the client sees that something is missing.
      if (this.#owner.complete) {
        clearErrors();
        ssl.shutdown(this.#connection);
        this.#takeWritten(0);
        clearErrors();
      } else this.#chunks = undefined;
      this.#closeSoon();
    } else if (this.#state === CLOSING && this.#chunks === undefined) this.#close();
  }

  #closeSoon(): void {
    this.#closeUntil = this.#owner.clock.now + CLOSE_TIMEOUT_MS;
    if (this.#ended || this.#chunks === undefined) this.#close();
    else this.#waker?.tickBy(this.#closeUntil);
    this.#waker?.wake();
  }

  #close(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#chunks = undefined;
    if (this.#connection !== 0) ssl.free(this.#connection);
    this.#connection = 0;
  }
}

function infoOf(connection: Address): TlsInfo {
  const certificate = ssl.peerCertificate(connection);
  return {
    version: ssl.version(connection),
    cipher: ssl.cipherName(ssl.cipher(connection)),
    protocol: selectedProtocol(connection),
    serverName: ssl.serverName(connection, 0) ?? undefined,
    resumed: ssl.resumed(connection) === 1,
    peer: certificate === 0 ? undefined : new X509Certificate(derOf(certificate)),
  };
}
