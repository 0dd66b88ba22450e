import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { freePort } from '@zocalo/test-support/name-servers.ts';
import dnsPacket, { type Packet } from 'dns-packet';
import type { UpstreamAddress } from '../../src/upstream/upstream-address.ts';

/** A query that came. */
export type Received = {
  readonly query: Buffer;
  readonly over: 'udp' | 'tcp';
  /** The port that it came from. */
  readonly from: number;
  /** Sends bytes back: over TCP with their length in front. */
  send(message: Uint8Array): void;
  /** Ends the connection, over TCP. */
  hangUp(): void;
};

/** A name server on 127.0.0.1 that does what no proper one does: it hands every query to a function. */
export class OddNameServer implements AsyncDisposable {
  readonly address: UpstreamAddress;
  readonly received: Received[] = [];
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number, udp: UdpSocket, tcp: Server, act: (received: Received) => void) {
    this.address = { host: '127.0.0.1', port };
    this.#udp = udp;
    this.#tcp = tcp;
    const take = (received: Received) => {
      this.received.push(received);
      act(received);
    };
    udp.on('message', (query, { port: from, address }) => {
      take({
        query,
        over: 'udp',
        from,
        send: (message) => udp.send(message, from, address),
        hangUp: () => {},
      });
    });
    tcp.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      let bytes = Buffer.alloc(0);
      socket.on('data', (more) => {
        bytes = Buffer.concat([bytes, Buffer.from(more)]);
        if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return;
        const send = (message: Uint8Array) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(message.length);
          socket.write(Buffer.concat([length, message]));
        };
        const query = bytes.subarray(2);
        take({ query, over: 'tcp', from: socket.remotePort ?? 0, send, hangUp: () => socket.destroy() });
      });
    });
  }

  static async start(act: (received: Received) => void): Promise<OddNameServer> {
    const port = await freePort();
    const udp = createSocket('udp4');
    udp.bind(port, '127.0.0.1');
    const tcp = createServer().listen(port, '127.0.0.1');
    await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
    return new OddNameServer(port, udp, tcp, act);
  }

  /** Sends a datagram to a port of this machine that did not ask. */
  sendTo(port: number, message: Uint8Array): void {
    this.#udp.send(message, port, '127.0.0.1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#udp.close();
    await new Promise((resolve) => this.#tcp.close(resolve));
  }
}

/** The response to a query as a proper server makes it: an address for every name by default. */
export function responseTo(query: Buffer, rest: Packet = {}): Buffer {
  const { id, questions = [] } = dnsPacket.decode(query);
  const name = questions[0]?.name ?? '.';
  return dnsPacket.encode({
    id: id ?? 0,
    type: 'response',
    flags: dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE,
    questions,
    answers: [{ type: 'A', name, ttl: 60, data: '192.0.2.1' }],
    ...rest,
  });
}

/** The same with an rcode, and no answer. */
export function failureTo(query: Buffer, rcode: number): Buffer {
  const response = responseTo(query, { answers: [] });
  response[3] = ((response[3] as number) & 0xf0) | rcode;
  return response;
}
