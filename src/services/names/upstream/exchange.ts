import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { MalformedMessage } from '../dns/domain-name.ts';
import { MAX_MESSAGE } from '../dns/packed-answer.ts';
import type { UpstreamAddress } from './upstream-address.ts';

/** How many messages that are no response are passed over for one query: then somebody is guessing. */
const MAX_STRANGERS = 50;
/** The length in front of a message on TCP (RFC 1035 section 4.2.2). */
const PREFIX_SIZE = 2;

/** One query and its response. */
export type Exchange<Response> = {
  readonly address: UpstreamAddress;
  readonly query: Buffer;
  /**
   * Makes a response of a message; undefined when it is none to this query.
   *
   * @throws MalformedMessage, which fails the exchange
   */
  readonly read: (message: Buffer) => Response | undefined;
  /** How long it may take, in milliseconds. */
  readonly timeout: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
};

/** Why an exchange gave no response; the message says what the upstream did. */
export class ExchangeError extends Error {}

/**
 * Asks over UDP, from a socket of its own: the system gives it a port that is hard to guess, and it hears only whom it asks (RFC 5452 section 9.2).
 * Messages that are no response are passed over.
 *
 * @throws ExchangeError
 */
export function exchangeOverUdp<Response>(exchange: Exchange<Response>): Promise<Response> {
  const { address, query } = exchange;
  return settle(exchange, (received, fail) => {
    const socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4');
    let strangers = 0;
    socket.on('error', fail);
    socket.on('message', (message) => {
      if (received(message) || ++strangers < MAX_STRANGERS) return;
      fail(new ExchangeError('sent many messages that were no answer'));
    });
    socket.on('connect', () => socket.send(query));
    // Without a callback, which would be called for an address that cannot be reached too.
    socket.connect(address.port, address.host);
    return () => socket.close();
  });
}

/**
 * Asks over TCP, on a connection of its own.
 *
 * @throws ExchangeError
 */
export function exchangeOverTcp<Response>(exchange: Exchange<Response>): Promise<Response> {
  const { address, query } = exchange;
  return settle(exchange, (received, fail) => {
    const framed = Buffer.allocUnsafe(PREFIX_SIZE + query.length);
    framed.writeUInt16BE(query.length);
    query.copy(framed, PREFIX_SIZE);
    const bytes = Buffer.allocUnsafe(PREFIX_SIZE + MAX_MESSAGE);
    let count = 0;
    const socket = connect(address);
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
}

/**
 * Runs an exchange until it has its response, has failed, takes too long or is ended, and then closes what it has open.
 *
 * @param open begins it: calls `received` with every message, which returns whether it was the response; calls `fail` when none can come; returns
 *   how to close
 */
function settle<Response>(
  { read, timeout, signal }: Exchange<Response>,
  open: (received: (message: Buffer) => boolean, fail: (error: Error) => void) => () => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let close: (() => void) | undefined;
    const finish = (settlement: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      close?.();
      settlement();
    };
    const fail = (error: Error) => finish(() => reject(asExchangeError(error)));
    const onAbort = () => fail(new ExchangeError('was not waited for'));
    const timer = setTimeout(() => fail(new ExchangeError('did not answer in time')), timeout);
    signal.addEventListener('abort', onAbort);
    close = open((message) => {
      try {
        const response = read(message);
        if (response !== undefined) finish(() => resolve(response));
        return response !== undefined;
      } catch (error) {
        fail(error as Error);
        return true;
      }
    }, fail);
    // It may have failed while it was begun.
    if (settled) close();
    else if (signal.aborted) onAbort();
  });
}

function asExchangeError(error: Error): ExchangeError {
  if (error instanceof ExchangeError) return error;
  if (error instanceof MalformedMessage) return new ExchangeError(`sent a broken answer: ${error.message}`);
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  return new ExchangeError(`could not be asked (${code})`, { cause: error });
}
