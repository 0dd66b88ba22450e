import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A piece of an answer in whose place the server hangs up. */
export const HANG_UP = Symbol('hang up');

/** What a naive server does with a request: the pieces of its answer, each sent on its own. */
export type Answer = (request: string) => Iterable<string | Buffer | typeof HANG_UP>;

export type NaiveServer = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  connections: number;
  /** All requests, in order. */
  readonly requests: string[];
};

/** A server that knows nothing of back-pressure or framing: it sends piece by piece, each in a packet of its own. */
export async function naiveServer(answer: Answer): Promise<NaiveServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    running.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    // Errors of a client that leaves do not matter here.
    converse(socket, (request) => {
      running.requests.push(request);
      return answer(request);
    }).catch(() => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const running = {
    host: '127.0.0.1',
    port,
    connections: 0,
    requests: [] as string[],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return running;
}

/** A server that knows versions and digests, for the file `f`. */
export function knowing(bytes: Buffer, changes: { digest?: string; slice?: Answer } = {}): Answer {
  return (request) => {
    const [command, , offset, size, form] = request.split(' ');
    const slice = bytes.subarray(Number(offset), Number(offset) + Number(size));
    if (command === 'get_metadata') return [`0 OK\r\nSize: ${bytes.length}\r\nFile: 1\r\nVersion: 1\r\n\r\n`];
    if (command !== 'get_slice') return ['0 OK\r\n'];
    if (form === 'sha256') {
      const digest = changes.digest ?? createHash('sha256').update(slice).digest('hex');
      return [`0 OK\r\nSHA-256: ${digest}\r\n\r\n`];
    }
    return changes.slice?.(request) ?? [`0 OK\r\nContent-Length: ${size}\r\n\r\n`, slice];
  };
}

async function converse(socket: Socket, answer: Answer): Promise<void> {
  let input = '';
  for await (const bytes of socket) {
    input += (bytes as Buffer).toString('latin1');
    for (let end = input.indexOf('\r\n'); end >= 0; end = input.indexOf('\r\n')) {
      const pieces = answer(input.slice(0, end));
      input = input.slice(end + 2);
      for (const piece of pieces) {
        if (piece === HANG_UP) {
          socket.end();
          return;
        }
        await new Promise((resolve) => socket.write(piece, resolve));
      }
    }
  }
}

/** Bytes one at a time. */
export function* byteByByte(text: string | Buffer): Generator<Buffer> {
  for (const byte of Buffer.from(text as string)) yield Buffer.of(byte);
}
