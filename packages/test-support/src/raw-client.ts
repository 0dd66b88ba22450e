import {
  AF_UNIX,
  bind,
  check,
  close,
  encodeIpAddress,
  encodeUnixAddress,
  receive,
  send,
  sendMessage,
  startConnect,
} from 'zocalo/sys';
import { eventually } from './eventually.ts';
import type { ConnectAddress } from './test-client.ts';

const MSG_OOB = 1;
const SOL_SOCKET = 1;
const SO_LINGER = 13;

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;

const sysSocket =
  bind<(family: number, type: number, protocol: number) => number>('int socket(int, int, int)');
const sysBind = bind<(fd: number, address: Buffer, length: number) => number>('int bind(int, void *, uint)');
const sysConnect = bind<(fd: number, address: Buffer, length: number) => number>(
  'int connect(int, void *, uint)',
);
const sysSend = bind<(fd: number, bytes: Buffer, length: number, flags: number) => number>(
  'long send(int, void *, size_t, int)',
);
const sysSetsockopt = bind<
  (fd: number, level: number, name: number, value: Buffer, length: number) => number
>('int setsockopt(int, int, int, void *, uint)');

/** A client that does with its socket what node:net cannot. */
export class RawClient implements Disposable {
  readonly fd: number;
  readonly #space = Buffer.alloc(65_536);
  #received = '';

  constructor({ host, port, path }: ConnectAddress, fd?: number) {
    this.fd = fd ?? startConnect(path === undefined ? encodeIpAddress(host, port) : encodeUnixAddress(path));
  }

  /** A client of a Unix socket whose own end has a path as well. */
  static from(own: string, { path = '' }: ConnectAddress): RawClient {
    const fd = check('socket', sysSocket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    for (const [name, call, where] of [
      ['bind', sysBind, own],
      ['connect', sysConnect, path],
    ] as const) {
      const address = encodeUnixAddress(where);
      check(name, call(fd, address, address.length));
    }
    return new RawClient({ host: '', port: 0 }, fd);
  }

  send(text: string): void {
    check('send', send(this.fd, Buffer.from(text), Buffer.byteLength(text)));
  }

  /** Sends a byte out of band (tcp(7), MSG_OOB). */
  sendUrgent(byte: string): void {
    check('send', sysSend(this.fd, Buffer.from(byte), 1, MSG_OOB));
  }

  /** Sends a copy of a descriptor with some text (unix(7), SCM_RIGHTS). */
  pass(descriptor: number, text: string): void {
    check('sendmsg', sendMessage(this.fd, Buffer.from(text), descriptor, true));
  }

  /** Closes with a reset, whatever has come and gone. */
  reset(): void {
    const atOnce = Buffer.from(Int32Array.of(1, 0).buffer);
    check('setsockopt', sysSetsockopt(this.fd, SOL_SOCKET, SO_LINGER, atOnce, atOnce.length));
    close(this.fd);
  }

  /** One line without its LF. */
  async readLine(): Promise<string> {
    return eventually('a line', () => {
      const count = receive(this.fd, this.#space, this.#space.length);
      if (count > 0) this.#received += this.#space.toString('utf8', 0, count);
      const [line = '', ...rest] = this.#received.split('\n');
      if (rest.length === 0) return undefined;
      this.#received = rest.join('\n');
      return line;
    });
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }
}
