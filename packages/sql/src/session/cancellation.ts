import { randomInt } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Process numbers are positive numbers of 31 bits: the upper part is that of the worker, the lower counts its clients. */
const WORKERS = 2 ** 15;
const CLIENTS = 2 ** 16;
/** A process number and a key, of 4 bytes each. */
const REQUEST_SIZE = 8;
const ATTEMPTS = 20;

/** A client whose statements can be cancelled. */
export type Cancellable = { readonly secretKey: number; cancel(): void };

/**
 * The clients that can be cancelled, by the numbers in BackendKeyData. A CancelRequest comes on a connection of its own, and so may
 * come to another worker than its client: workers pass it on through sockets in Linux's abstract namespace (unix(7)), which
 * leave no file behind. Elsewhere a server with several workers cancels only what is its own.
 */
export class Cancellation {
  readonly #clients = new Map<number, Cancellable>();
  #worker = randomInt(WORKERS);
  #next = 0;
  #server: Server | undefined;

  /** Takes a number for this worker that no other has. */
  async open(): Promise<void> {
    if (process.platform !== 'linux') return;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this.#server = await listenAt(this.#worker, (socket) => this.#onConnection(socket));
      if (this.#server !== undefined) return;
      this.#worker = randomInt(WORKERS);
    }
  }

  close(): void {
    this.#server?.close();
  }

  /** A process number that no other client has. */
  newProcessId(): number {
    for (;;) {
      this.#next = (this.#next + 1) % CLIENTS;
      const processId = this.#worker * CLIENTS + this.#next;
      if (processId > 0 && !this.#clients.has(processId)) return processId;
    }
  }

  register(processId: number, client: Cancellable): void {
    this.#clients.set(processId, client);
  }

  leave(processId: number): void {
    this.#clients.delete(processId);
  }

  /** Cancels what a client runs, if the key is right; there is no answer whether it was. */
  request(processId: number, secretKey: number): void {
    const worker = Math.floor(processId / CLIENTS);
    if (worker === this.#worker) this.#cancel(processId, secretKey);
    else if (processId > 0 && process.platform === 'linux') pass(worker, processId, secretKey);
  }

  #cancel(processId: number, secretKey: number): void {
    const client = this.#clients.get(processId);
    if (client?.secretKey === secretKey) client.cancel();
  }

  #onConnection(socket: Socket): void {
    socket.on('error', () => {});
    socket.setTimeout(1_000, () => socket.destroy());
    let bytes = Buffer.alloc(0);
    socket.on('data', (more: Buffer) => {
      bytes = Buffer.concat([bytes, more]);
      if (bytes.length < REQUEST_SIZE) return;
      this.#cancel(bytes.readInt32BE(0), bytes.readInt32BE(4));
      socket.destroy();
    });
  }
}

const address = (worker: number) => `\0zocalo-sql-${worker}`;

/** Undefined when another process listens there. */
function listenAt(worker: number, onConnection: (socket: Socket) => void): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer(onConnection);
    server.once('error', () => resolve(undefined));
    server.listen({ path: address(worker) }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function pass(worker: number, processId: number, secretKey: number): void {
  const request = Buffer.alloc(REQUEST_SIZE);
  request.writeInt32BE(processId, 0);
  request.writeInt32BE(secretKey, 4);
  const socket = connect({ path: address(worker) });
  socket.on('error', () => {});
  socket.setTimeout(1_000, () => socket.destroy());
  socket.end(request);
}
