import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { ListenError } from '../../errors.ts';
import { decodeQuery } from './dns/query.ts';
import { encodeTruncated } from './dns/reply.ts';

/**
 * Answers every question over UDP with TC=1 and nothing else, so that whoever asks comes again over TCP (RFC 1035 section 4.2.1, RFC 7766
 * section 5). An answer is not longer than its question, so that a forged sender gains nothing by it.
 */
export class UdpListener {
  readonly #socket: Socket;
  #answered = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (message, from) => this.#answer(message, from));
    // What a socket reports after it is bound is about a datagram that could not be delivered.
    socket.on('error', () => {});
  }

  /** @throws ListenError when the port is in use, or not allowed */
  static async open(host: string, port: number): Promise<UdpListener> {
    // Port 5353 is that of multicast DNS too, whose programs share it in this way; the port of TCP is ours alone already.
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', reuseAddr: true });
    try {
      socket.bind(port, host);
      await once(socket, 'listening');
    } catch (cause) {
      const { code = 'unknown', message } = cause as NodeJS.ErrnoException;
      const error = new ListenError(`UDP: ${message}`, code, { cause });
      error.door = 'dns';
      throw error;
    }
    return new UdpListener(socket);
  }

  /** How many questions it has answered so. */
  get answered(): number {
    return this.#answered;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #answer(message: Buffer, { port, address }: RemoteInfo): void {
    const query = decodeQuery(message);
    if (query === 'ignored' || 'rcode' in query) return;
    this.#answered++;
    this.#socket.send(encodeTruncated(query), port, address);
  }
}
