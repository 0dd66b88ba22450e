import { unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeIpAddress, encodeUnixAddress } from '../../src/sys/socket-address.ts';
import { accept, close, listenOn, localAddress, receive, send, startConnect } from '../../src/sys/sockets.ts';

const chunk = Buffer.alloc(262_144);

/** Connected streams as bare non-blocking descriptors, which are closed with their block. */
export class StreamPairs implements Disposable {
  readonly #listener: number;
  readonly #address: Buffer;
  readonly #path: string | undefined;
  readonly #open = new Set<number>();

  constructor(kind: 'tcp' | 'unix' = 'tcp') {
    this.#path = kind === 'tcp' ? undefined : join(tmpdir(), `zocalo-${process.pid}-${performance.now()}`);
    const address =
      this.#path === undefined ? encodeIpAddress('127.0.0.1', 0) : encodeUnixAddress(this.#path);
    this.#listener = listenOn(address, 64);
    const { port } = localAddress(this.#listener);
    this.#address = this.#path === undefined ? encodeIpAddress('127.0.0.1', port) : address;
  }

  /** The two ends of a new connection. */
  make(): [near: number, far: number] {
    const far = startConnect(this.#address);
    const near = accept(this.#listener);
    this.#open.add(near).add(far);
    return [near, far];
  }

  close(fd: number): void {
    this.#open.delete(fd);
    close(fd);
  }

  /** Resets a connection from its far end: it is closed while bytes that came to it are unread (RFC 1122 section 4.2.2.13). */
  reset([near, far]: readonly [number, number]): void {
    send(near, chunk, 1);
    this.close(far);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) close(fd);
    close(this.#listener);
    if (this.#path !== undefined) unlinkSync(this.#path);
  }
}

/** Takes all that has come. */
export function takeAll(fd: number): void {
  while (receive(fd, chunk, chunk.length) > 0);
}

/** Sends a few bytes. */
export function sendTo(fd: number, length = 3): number {
  return send(fd, chunk, length);
}
