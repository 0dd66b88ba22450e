import { DisconnectCheck } from './disconnect-check.ts';
import type { PendingSocket, PendingSocketEvents } from './loop.ts';
import type { NetSocket } from './net-listener.ts';
import { descriptorOf, type SocketCalls } from './socket-calls.ts';

/** A socket whose client waits: node:net buffers a bounded part of what it sends, and so notices its end. */
export class NetPendingSocket implements PendingSocket {
  readonly #socket: NetSocket;
  readonly #events: PendingSocketEvents;
  readonly #check: DisconnectCheck;
  /** How many bytes are buffered. */
  #length = 0;

  /** @param calls where available, they also show what is behind that buffer, and a failure behind the end */
  constructor(socket: NetSocket, calls: SocketCalls | undefined, events: PendingSocketEvents) {
    this.#socket = socket;
    this.#events = events;
    const fd = descriptorOf(socket.socket);
    const peerState = () => (calls === undefined || fd < 0 ? 'open' : calls.peerStateOf(fd));
    this.#check = new DisconnectCheck(peerState, {
      onDisconnect: () => this.#onDisconnect(),
      onEnd: events.onEnd,
    });
    socket.socket.on('readable', this.#onReadable);
    socket.socket.on('close', this.#onDisconnect);
  }

  send(bytes: Uint8Array): void {
    this.#socket.socket.write(bytes);
  }

  take(): NetSocket {
    this.#check.stop();
    this.#socket.socket.off('readable', this.#onReadable);
    this.#socket.socket.off('close', this.#onDisconnect);
    return this.#socket;
  }

  /** Readable with nothing to read is the end: this client has hung up without sending anything. With nothing more than before it is the end, too. */
  readonly #onReadable = (): void => {
    const { readableLength } = this.#socket.socket;
    if (readableLength === 0) {
      this.#onDisconnect();
      return;
    }
    if (readableLength === this.#length) this.#check.reportEnd();
    else this.#length = readableLength;
    this.#check.start();
  };

  readonly #onDisconnect = (): void => {
    this.take().close();
    this.#events.onDisconnect();
  };
}
