import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { soon } from '@zocalo/test-support/eventually.ts';
import { type BackendMessage, backendMessages } from '../wire/backend-messages.ts';
import { frontend } from '../wire/frontend-bytes.ts';

/** A client that sends given messages, one by one, and keeps every message that comes back. */
export class RawClient implements AsyncDisposable {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #look = () => {};
  /** As BackendKeyData has them. */
  processId = 0;
  secretKey = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#look();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#look();
    });
    socket.on('error', () => {});
  }

  /** A connection without a word said. */
  static async open(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setNoDelay();
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** A connection that is ready for queries. */
  static async connect(
    port: number,
    parameters: Record<string, string> = { user: 'postgres', database: 'postgres' },
  ): Promise<RawClient> {
    const client = await RawClient.open(port);
    client.send(frontend.startup(parameters));
    const messages = await client.until('Z');
    const key = messages.find(({ type }) => type === 'K')?.body;
    client.processId = key?.readInt32BE(0) ?? 0;
    client.secretKey = key?.readInt32BE(4) ?? 0;
    return client;
  }

  /** Takes nothing of what comes, so that the server has to wait. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  send(...messages: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(messages));
  }

  /** The messages up to one of a type, or up to the end of the connection. */
  async until(...types: readonly string[]): Promise<BackendMessage[]> {
    const found = new Promise<BackendMessage[]>((resolve) => {
      this.#look = () => {
        const whole = this.#wholeMessages();
        const at = whole.findIndex(({ type }) => types.includes(type));
        if (at < 0 && !this.#ended) return;
        const taken = at < 0 ? whole : whole.slice(0, at + 1);
        const length = taken.reduce((sum, { body }) => sum + 5 + body.length, 0);
        this.#bytes = this.#bytes.subarray(length);
        this.#look = () => {};
        resolve(taken);
      };
      this.#look();
    });
    return soon(`a message of the type ${types.join(' or ')}`, found);
  }

  query(sql: string): Promise<BackendMessage[]> {
    this.send(frontend.query(sql));
    return this.until('Z', 'G');
  }

  /** Waits for the other side to close. */
  async ended(): Promise<BackendMessage[]> {
    return this.until('end of the connection');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  #wholeMessages(): BackendMessage[] {
    let end = 0;
    while (end + 5 <= this.#bytes.length) {
      const next = end + 1 + this.#bytes.readInt32BE(end + 1);
      if (next > this.#bytes.length) break;
      end = next;
    }
    return backendMessages(this.#bytes.subarray(0, end));
  }
}

/** The fields of an ErrorResponse or a NoticeResponse, by their letters. */
export function fieldsOf(body: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const field of body.toString().split('\0'))
    if (field !== '') fields[field[0] as string] = field.slice(1);
  return fields;
}

export type DescribedColumn = { name: string; oid: number; size: number; typmod: number; format: number };

/** The columns of a RowDescription. */
export function describedColumns(body: Buffer): DescribedColumn[] {
  const columns: DescribedColumn[] = [];
  let at = 2;
  for (let i = 0; i < body.readUInt16BE(0); i++) {
    const end = body.indexOf(0, at);
    const name = body.toString('utf8', at, end);
    at = end + 1;
    columns.push({
      name,
      oid: body.readUInt32BE(at + 6),
      size: body.readInt16BE(at + 10),
      typmod: body.readInt32BE(at + 12),
      format: body.readInt16BE(at + 16),
    });
    at += 18;
  }
  return columns;
}
