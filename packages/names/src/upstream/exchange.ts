import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { MalformedMessage } from '../dns/domain-name.ts';
import { MAX_MESSAGE } from '../dns/packed-answer.ts';
import type { UpstreamAddress } from './upstream-address.ts';

/** How many messages that are no response are passed over for one query: more are an attempt to guess its id. */
const MAX_MISMATCHED = 50;
/** The length in front of a message on TCP (RFC 1035 section 4.2.2). */
const PREFIX_SIZE = 2;

/** One query, and how its response is recognised among other messages. */
export type Query<Response> = {
  readonly address: UpstreamAddress;
  readonly message: Buffer;
  /**
   * Makes a response of a message; undefined when it is none to this query.
   *
   * @throws MalformedMessage, which fails the exchange
   */
  readonly read: (message: Buffer) => Response | undefined;
};

/** A query that is being asked, until it has its response, fails or is stopped; then it has nothing open any more. */
export type Exchange<Response> = {
  /** Rejects with an ExchangeError. */
  readonly response: Promise<Response>;
  /** Sends the query once more, as it was: it may have been lost. */
  again(): void;
  /** Ends it with an error, unless it has ended. */
  stop(error: ExchangeError): void;
};

/** Why an exchange gave no response; the message says what the upstream did. */
export class ExchangeError extends Error {
  /** Whether the query or its response did not get through: another transport may work. */
  readonly transportFailed: boolean;

  constructor(message: string, transportFailed = false, options?: ErrorOptions) {
    super(message, options);
    this.transportFailed = transportFailed;
  }
}

/**
 * Asks over UDP, from a socket of its own: the system gives it a port that is hard to guess, and only datagrams of the upstream reach it (RFC 5452 section 9.2).
 * Messages that are no response are passed over.
 */
export function exchangeOverUdp<Response>(query: Query<Response>): Exchange<Response> {
  const { address, message: bytes } = query;
  const socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4');
  let connected = false;
  const exchange = exchangeUntil(query, (received, fail) => {
    let mismatched = 0;
    socket.on('error', fail);
    socket.on('message', (message) => {
      if (received(message) || ++mismatched < MAX_MISMATCHED) return;
      fail(new ExchangeError('sent many messages that were no answer', true));
    });
    socket.on('connect', () => {
      connected = true;
      socket.send(bytes);
    });
    // Without a callback, which would be called for an address that cannot be reached too.
    socket.connect(address.port, address.host);
    return () => {
      connected = false;
      socket.close();
    };
  });
  const again = () => {
    if (connected) socket.send(bytes);
  };
  return { ...exchange, again };
}

/** Asks over TCP, on a connection of its own. What was sent there is not lost: nothing is sent again. */
export function exchangeOverTcp<Response>(query: Query<Response>): Exchange<Response> {
  const exchange = exchangeUntil(query, (received, fail) => {
    const framed = Buffer.allocUnsafe(PREFIX_SIZE + query.message.length);
    framed.writeUInt16BE(query.message.length);
    query.message.copy(framed, PREFIX_SIZE);
    const bytes = Buffer.allocUnsafe(PREFIX_SIZE + MAX_MESSAGE);
    let count = 0;
    const socket = connect(query.address);
    socket.on('error', fail);
    socket.on('close', () => fail(new ExchangeError('closed the connection without an answer')));
    socket.on('connect', () => socket.write(framed));
    socket.on('data', (more: Buffer) => {
      count += more.copy(bytes, count);
      const end = PREFIX_SIZE + bytes.readUInt16BE(0);
      if (count < PREFIX_SIZE || count < end) return;
      if (!received(bytes.subarray(PREFIX_SIZE, end)))
        fail(new ExchangeError('sent a message that was no answer'));
    });
    return () => socket.destroy();
  });
  return { ...exchange, again: () => {} };
}

/**
 * Runs an exchange until it has its response, has failed or is stopped, and then closes what it has open.
 *
 * @param open begins it: calls `received` with every message, which returns whether it was the response; calls `fail` when none can come; returns
 *   how to close
 */
function exchangeUntil<Response>(
  { read }: Query<Response>,
  open: (received: (message: Buffer) => boolean, fail: (error: Error) => void) => () => void,
): Omit<Exchange<Response>, 'again'> {
  const { promise: response, resolve, reject } = Promise.withResolvers<Response>();
  let finished = false;
  let close: (() => void) | undefined;
  const finish = (complete: () => void) => {
    if (finished) return;
    finished = true;
    close?.();
    complete();
  };
  const fail = (error: Error) => finish(() => reject(asExchangeError(error)));
  close = open((message) => {
    try {
      const found = read(message);
      if (found !== undefined) finish(() => resolve(found));
      return found !== undefined;
    } catch (error) {
      fail(error as Error);
      return true;
    }
  }, fail);
  // It may have failed while it was begun.
  if (finished) close();
  return { response, stop: fail };
}

function asExchangeError(error: Error): ExchangeError {
  if (error instanceof ExchangeError) return error;
  if (error instanceof MalformedMessage) return new ExchangeError(`sent a broken answer: ${error.message}`);
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  return new ExchangeError(`could not be asked (${code})`, true, { cause: error });
}
