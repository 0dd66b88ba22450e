import { errnoName } from '../sys/libc.ts';
import { peerStateOf } from '../sys/poll.ts';
import { encodeIpAddress } from '../sys/socket-address.ts';
import { type SocketOptions, setSocketOptions } from '../sys/socket-options.ts';
import { close, connectionError, localAddress, startConnect } from '../sys/sockets.ts';
import type { BaseConnection } from './base-connection.ts';
import { BaseLoop } from './base-loop.ts';
import type { Dispatcher, Registration } from './dispatcher.ts';
import { FdSocket } from './fd-socket.ts';
import type { ConnectEvents, ConnectionAddress, DescriptorOwner } from './loop.ts';

/** What loops over descriptors have in common, whether their dispatcher reports readiness or completions. */
export abstract class BaseDescriptorLoop<Kind extends Dispatcher<Registration>> extends BaseLoop {
  readonly dispatcher: Kind;
  #keepsAlive = true;

  constructor(dispatcher: Kind) {
    super(dispatcher.clock);
    this.dispatcher = dispatcher;
    dispatcher.ref();
  }

  socketOf(fd: number, address: ConnectionAddress, owner: DescriptorOwner): FdSocket {
    return new FdSocket(fd, address, owner);
  }

  connect(address: string, port: number, options: SocketOptions, events: ConnectEvents): () => void {
    const fd = startConnect(encodeIpAddress(address, port));
    setSocketOptions(fd, options, false);
    const unwatch = this.watchConnect(fd, () => {
      const error = connectionError(fd);
      // A connection that failed immediately (no route, for example) leaves no error, only a socket that is not connected.
      if (error === 0 && peerStateOf(fd) !== 'gone') {
        const ends = { remoteAddress: address, remotePort: port, localPort: localAddress(fd).port };
        events.onConnect(new FdSocket(fd, ends, { release: close }));
      } else {
        close(fd);
        events.onError(error === 0 ? 'ENOTCONN' : errnoName(error));
      }
    });
    return () => {
      unwatch();
      close(fd);
    };
  }

  override async stop(): Promise<void> {
    await super.stop();
    const released = this.dispatcher.release();
    this.keepAlive(false);
    await released;
  }

  keepAlive(keeps: boolean): void {
    if (keeps === this.#keepsAlive) return;
    this.#keepsAlive = keeps;
    if (keeps) this.dispatcher.ref();
    else this.dispatcher.unref();
  }

  override onClosed(connection: BaseConnection): void {
    this.dispatcher.removeClient();
    super.onClosed(connection);
  }

  protected override open(connection: BaseConnection): void {
    this.dispatcher.addClient();
    super.open(connection);
  }

  /**
   * Calls back once, when a connection that is being made is established or has failed (connect(2), EINPROGRESS).
   * @returns cancels it, to be called before the descriptor is closed
   */
  protected abstract watchConnect(fd: number, onDone: () => void): () => void;
}
