import type { Socket } from 'node:net';
import { connectTo } from '../connect.ts';
import { formatTarget, type Target } from '../target.ts';
import { FilesError } from './errors.ts';
import { ReplyReader } from './reply-reader.ts';
import { readBody, readBytes, type SliceBody } from './slice-bodies.ts';

/** How a file server is talked to. */
export type FilesOptions = {
  /** How long connecting, and then any silence of the server, may last, in milliseconds. Default 30,000. */
  readonly timeout?: number;
  /**
   * How the server writes slices. Undefined (the default): raw ones are asked for, and if the server does not know these, it is taken to
   * write base64.
   */
  readonly body?: SliceBody | undefined;
};

/** The code of a request that the server could not make sense of. */
const BAD_ARGUMENTS = 201;

/** A conversation with a file server: one request after the other. */
export class FilesConnection implements Disposable {
  readonly #socket: Socket;
  readonly #reader: ReplyReader;
  #body: SliceBody | undefined;

  private constructor(socket: Socket, body: SliceBody | undefined) {
    this.#socket = socket;
    this.#reader = new ReplyReader(socket);
    this.#body = body;
  }

  /** @throws ConnectError when nobody listens there */
  static async open(target: Target, { timeout = 30_000, body }: FilesOptions = {}): Promise<FilesConnection> {
    const socket = await connectTo(target, timeout);
    if (timeout < Number.POSITIVE_INFINITY) {
      socket.setTimeout(timeout, () => {
        const words = `${formatTarget(target)} said nothing for ${timeout / 1_000} s`;
        socket.destroy(new FilesError(words));
      });
    }
    return new FilesConnection(socket, body);
  }

  /** Connects, has a conversation, and hangs up however that ended. */
  static async during<Result>(
    target: Target,
    options: FilesOptions,
    talk: (connection: FilesConnection) => Promise<Result>,
  ): Promise<Result> {
    const connection = await FilesConnection.open(target, options);
    try {
      return await talk(connection);
    } finally {
      connection[Symbol.dispose]();
    }
  }

  /** The names of the files, as they come. */
  async *names(): AsyncGenerator<string> {
    await this.#ask('get_file_listing', 'the folder');
    for (;;) {
      const name = await this.#reader.line();
      if (name === '') return;
      yield name;
    }
  }

  /** How many bytes a file has. @throws FilesError when there is no such file */
  async size(name: string): Promise<number> {
    await this.#ask(`get_metadata ${name}`, name);
    return toLength(await this.#reader.line());
  }

  /** A part of a file, in pieces as they come. They must all be taken before anything else is asked. */
  async *slice(name: string, offset: number, length: number): AsyncGenerator<Buffer> {
    const request = `get_slice ${name} ${offset} ${length}`;
    if (this.#body === undefined && (await this.#asksRaw(`${request} raw`, name))) {
      const announced = /^Content-Length: (\d+)$/i.exec(await this.#reader.line())?.[1] ?? '';
      if (toLength(announced) !== length || (await this.#reader.line()) !== '')
        throw new FilesError(`the server announced other bytes of ${name} than it was asked for`);
      yield* readBytes(this.#reader, length);
      return;
    }
    await this.#ask(request, name);
    yield* readBody(this.#body ?? 'base64', this.#reader, length);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** @returns false, now and from now on, when the server does not know raw slices */
  async #asksRaw(request: string, about: string): Promise<boolean> {
    try {
      await this.#ask(request, about);
      return true;
    } catch (error) {
      if (!(error instanceof FilesError) || error.status !== BAD_ARGUMENTS) throw error;
      this.#body = 'base64';
      return false;
    }
  }

  /** Sends a request. @throws FilesError when it is refused */
  async #ask(request: string, about: string): Promise<void> {
    this.#socket.write(`${request}\r\n`);
    const line = await this.#reader.line();
    const parts = /^(\d{1,3}) (.*)$/.exec(line);
    if (parts === null) throw new FilesError('it is no file server: its reply begins without a code');
    const status = Number(parts[1]);
    if (status !== 0) throw new FilesError(`${about}: the server says ${JSON.stringify(line)}`, status);
  }
}

function toLength(text: string): number {
  const length = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(length)) return length;
  throw new FilesError(
    `the server says ${JSON.stringify(text.slice(0, 40))} where a number of bytes must be`,
  );
}
