import type { Held } from './loop.ts';
import type { NetSocket } from './net-listener.ts';

/** A socket whose client waits: node:net takes in at most one buffer of what it sends, and so notices its end. */
export class NetHeldSocket implements Held<NetSocket> {
  readonly #socket: NetSocket;
  readonly #onLeft: () => void;

  constructor(socket: NetSocket, onLeft: () => void) {
    this.#socket = socket;
    this.#onLeft = onLeft;
    socket.socket.on('readable', this.#onReadable);
    socket.socket.on('close', this.#left);
  }

  say(words: string | Uint8Array): void {
    this.#socket.socket.write(words);
  }

  take(): NetSocket {
    this.#socket.socket.off('readable', this.#onReadable);
    this.#socket.socket.off('close', this.#left);
    return this.#socket;
  }

  readonly #onReadable = (): void => {
    // Readable with nothing to read is the end: this client has left without a word.
    if (this.#socket.socket.readableLength === 0) this.#left();
  };

  readonly #left = (): void => {
    this.take().close();
    this.#onLeft();
  };
}
