import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ListenError } from 'zocalo';
import { decodeQuery } from './dns/query.ts';
import { encodeRejection, encodeTruncated } from './dns/reply.ts';

/** How often the addresses of this machine are read at most. */
const ADDRESS_REFRESH_INTERVAL_MS = 1_000;

/**
 * Answers every question over UDP with TC=1 and nothing else, so that the client comes again over TCP (RFC 1035 section 4.2.1, RFC 7766 section 5). An
 * answer is not longer than its question, so that a forged sender gains nothing by it.
 *
 * An answer has to leave from the address that was asked. Of a socket for all addresses the system chooses one by the route, so each address of
 * this machine has a socket of its own, which gets what is sent there. What still comes to the socket for all was sent to an address that is new, or on
 * no interface (127.0.0.2): then the addresses are read again.
 */
export class UdpListener {
  readonly #host: string;
  readonly #port: number;
  readonly #onQuestion: (name: string) => void;
  /** The socket for what was given, which may be all addresses. */
  readonly #main: Socket;
  readonly #own = new Map<string, Socket>();
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<readonly Socket[]> | undefined;
  #answered = 0;
  #closed = false;

  private constructor(host: string, port: number, main: Socket, onQuestion: (name: string) => void) {
    this.#host = host;
    this.#port = port;
    this.#main = main;
    this.#onQuestion = onQuestion;
    const isForAll = host === '0.0.0.0' || host === '::';
    main.on('message', (message, from) => {
      if (isForAll) void this.#answerUnmatched(message, from);
      else this.#answer(main, message, from);
    });
  }

  /**
   * @param onQuestion is called with the name of every question
   * @throws ListenError when the port is in use, or not allowed
   */
  static async open(
    host: string,
    port: number,
    onQuestion: (name: string) => void = () => {},
  ): Promise<UdpListener> {
    try {
      const listener = new UdpListener(host, port, await bind(host, port), onQuestion);
      await listener.#refresh();
      return listener;
    } catch (cause) {
      const { code = 'unknown', message } = cause as NodeJS.ErrnoException;
      const error = new ListenError(`UDP: ${message}`, code, { cause });
      error.endpoint = 'dns';
      throw error;
    }
  }

  /** How many questions it has answered so. */
  get answered(): number {
    return this.#answered;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#refreshing;
    const sockets = [this.#main, ...this.#own.values()];
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
  }

  #answer(socket: Socket, message: Buffer, { port, address }: RemoteInfo): void {
    const query = decodeQuery(message);
    if (query === 'ignored' || this.#closed) return;
    if ('rcode' in query) {
      socket.send(encodeRejection(message, query), port, address);
      return;
    }
    this.#answered++;
    this.#onQuestion(query.question.name);
    socket.send(encodeTruncated(query), port, address);
  }

  /** Answers what came to the socket for all: from the new address, if there is just one that it can have been sent to. */
  async #answerUnmatched(message: Buffer, from: RemoteInfo): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    const added = await this.#refreshing;
    const isIPv4 = from.family === 'IPv4' || from.address.startsWith('::ffff:');
    const possible = this.#closed
      ? []
      : added.filter((socket) => isIPv6(socket.address().address) !== isIPv4);
    const [only] = possible;
    if (only === undefined || possible.length > 1) this.#answer(this.#main, message, from);
    else this.#answer(only, message, { ...from, address: from.address.replace(/^::ffff:/, '') });
  }

  /** Opens sockets for addresses that are new, and closes those of addresses that are gone. @returns the new ones */
  async #refresh(): Promise<readonly Socket[]> {
    const now = performance.now();
    if (now - this.#refreshedAt < ADDRESS_REFRESH_INTERVAL_MS) return [];
    this.#refreshedAt = now;
    const here = new Set(addressesFor(this.#host));
    for (const [address, socket] of this.#own) {
      if (here.has(address)) continue;
      this.#own.delete(address);
      socket.close();
    }
    const added: Socket[] = [];
    for (const address of here) {
      if (this.#own.has(address)) continue;
      try {
        const socket = await bind(address, this.#port);
        socket.on('message', (message, from) => this.#answer(socket, message, from));
        this.#own.set(address, socket);
        added.push(socket);
      } catch {
        // It is gone again, or not ready yet (RFC 4862 section 5.4): the socket for all serves it.
      }
    }
    return added;
  }
}

/** The addresses of this machine that a socket for all of them stands for; those of a link have its name. */
function addressesFor(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [];
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family }) => host === '::' || family === 'IPv4')
      .map(({ address, scopeid }) =>
        scopeid === undefined || scopeid === 0 ? address : `${address}%${name}`,
      ),
  );
}

async function bind(host: string, port: number): Promise<Socket> {
  // Port 5353 is that of multicast DNS too, whose programs share it in this way; the port of TCP is not shared.
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', reuseAddr: true });
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  // What a socket reports after it is bound is about a datagram that could not be delivered.
  socket.on('error', () => {});
  return socket;
}
