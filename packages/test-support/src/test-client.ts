import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { TIMEOUT_MS } from './eventually.ts';
import { everywhereTrust } from './tls.ts';

/** Where to connect: what `server.address` says. */
export type ConnectAddress = {
  readonly host: string;
  readonly port: number;
  readonly path?: string | undefined;
};

export type ConnectOptions = {
  /** Whether it takes what the server sends as it comes (the default), or leaves it in the kernel. */
  reading?: boolean;
  /** Whether it keeps its side open when the server has ended; usual clients do not. */
  keepsOpen?: boolean;
  /** The address to come from, to be a client with another address: any of 127.0.0.0/8. */
  from?: string;
  /** What it trusts, when it speaks TLS, and what else it does with it. Its handshake goes on after it is connected. */
  tls?: ClientTls | undefined;
};

/** A client's side of TLS, as for `tls.connect`. */
export type ClientTls = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'servername' | 'session' | 'ALPNProtocols' | 'minVersion' | 'maxVersion'
>;

/** A client over a real socket, with everything it has received and not yet been asked for. */
export class TestClient implements Disposable {
  readonly socket: Socket;
  #received: Buffer[] = [];
  #ended = false;
  #failure: NodeJS.ErrnoException | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('end', () => {
      this.#ended = true;
      this.#changed();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error;
      this.#changed();
    });
    socket.on('close', () => this.#changed());
  }

  /** Connects; the promise settles when the connection is made or has failed. */
  static async connect(where: ConnectAddress, options: ConnectOptions = {}): Promise<TestClient> {
    const { reading = true, keepsOpen = false, from, tls = await everywhereTrust() } = options;
    const target: NetConnectOpts =
      where.path === undefined ? { host: where.host, port: where.port } : { path: where.path };
    if (from !== undefined && 'host' in target) target.localAddress = from;
    const all = { ...target, allowHalfOpen: keepsOpen, noDelay: true };
    const socket = tls === undefined ? connect(all) : connectTls({ ...all, ...tls } as ConnectionOptions);
    // Paused before it is connected, a socket never begins to read.
    if (!reading) socket.pause();
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        const client = new TestClient(socket);
        if (reading) client.read();
        resolve(client);
      });
    });
  }

  /** Connects several, closed with their block. */
  static async connectAll(
    where: ConnectAddress,
    count: number,
    options: ConnectOptions = {},
  ): Promise<TestClient[] & Disposable> {
    const connecting = Array.from({ length: count }, () => TestClient.connect(where, options));
    const clients = await Promise.all(connecting);
    return Object.assign(clients, {
      [Symbol.dispose]: () => {
        for (const client of clients) client[Symbol.dispose]();
      },
    });
  }

  /** How many bytes have come and not been taken. */
  get available(): number {
    return this.#received.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Begins to read, for a client that did not. */
  read(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#changed();
    });
    this.socket.resume();
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends its FIN: nothing more will come from here, but it still reads. */
  finish(bytes?: string | Uint8Array): void {
    if (bytes === undefined) this.socket.end();
    else this.socket.end(bytes);
  }

  /** Hangs up with a reset instead of a FIN; over a Unix socket, which knows no resets, just hangs up. */
  reset(): void {
    if (this.socket.remoteAddress === undefined || this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Everything up to and including `text`. */
  async readUntil(text: string): Promise<string> {
    const end = await this.#await(`${JSON.stringify(text)}`, () => {
      const at = this.#gather().indexOf(text);
      return at < 0 ? undefined : at + Buffer.byteLength(text);
    });
    return this.#take(end).toString();
  }

  /** One line without its LF. */
  async readLine(): Promise<string> {
    return (await this.readUntil('\n')).slice(0, -1);
  }

  /** Several lines. */
  async readLines(count: number): Promise<string[]> {
    const read: string[] = [];
    while (read.length < count) read.push(await this.readLine());
    return read;
  }

  /** Exactly `length` bytes. */
  async readBytes(length: number): Promise<Buffer> {
    await this.#await(`${length} bytes`, () => (this.available >= length ? true : undefined));
    return this.#take(length);
  }

  /** Everything up to the server's FIN. A reset before it is a failure. */
  async readAll(): Promise<Buffer> {
    await this.#await('the end', () => (this.#ended ? true : undefined));
    return this.#take(this.available);
  }

  /** {@link readAll} as text. */
  async readText(): Promise<string> {
    return (await this.readAll()).toString();
  }

  /** Waits for the end of the connection: `end` for the server's FIN, otherwise the error's code. */
  async outcome(): Promise<string> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (!this.#ended && this.#failure === undefined && !this.socket.destroyed)
      await this.#change(deadline, 'the end of the connection');
    return this.#ended ? 'end' : (this.#failure?.code ?? 'closed');
  }

  /** Sends a line and waits for a line. */
  async ask(line: string): Promise<string> {
    this.send(`${line}\n`);
    return this.readLine();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #await<Value>(what: string, look: () => Value | undefined): Promise<Value> {
    const deadline = performance.now() + TIMEOUT_MS;
    for (;;) {
      const value = look();
      if (value !== undefined) return value;
      if (this.#ended || this.#failure !== undefined || this.socket.destroyed) {
        const how = this.#ended ? 'ended' : `broke (${this.#failure?.code ?? 'closed'})`;
        throw new Error(`the connection ${how} while waiting for ${what}; ${this.#summary()}`);
      }
      await this.#change(deadline, what);
    }
  }

  #change(deadline: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(
        () => {
          this.#waiting.delete(done);
          reject(new Error(`it never came: ${what}; ${this.#summary()}`));
        },
        Math.max(deadline - performance.now(), 0),
      );
      this.#waiting.add(done);
    });
  }

  #changed(): void {
    for (const done of [...this.#waiting]) done();
  }

  #summary(): string {
    const text = this.#gather().subarray(0, 60).toString();
    return `${this.available} bytes had come, beginning with ${JSON.stringify(text)}`;
  }

  #gather(): Buffer {
    if (this.#received.length !== 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0] as Buffer;
  }

  #take(length: number): Buffer {
    const all = this.#gather();
    this.#received = [all.subarray(length)];
    return all.subarray(0, length);
  }
}
