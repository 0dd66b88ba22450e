import { Socket } from 'node:net';
import { duplicate } from '../sys/sockets.ts';
import { createEpollLoop } from './epoll.ts';
import { LibuvLoop } from './libuv.ts';
import type { Arrival, DescriptorLoop, DescriptorOwner } from './loop.ts';
import { NetSocket } from './net-listener.ts';

/** The loop over node:net in a worker. What node:net cannot watch, which is the descriptor of the worker's channel, an epoll loop does. */
export class LibuvDescriptorLoop extends LibuvLoop implements DescriptorLoop<NetSocket> {
  readonly #side = createEpollLoop();

  /** libuv closes its descriptors itself, so it is given one of its own. */
  socketOf(fd: number, arrival: Arrival, owner: DescriptorOwner): NetSocket {
    const socket = new Socket({ fd: duplicate(fd), allowHalfOpen: true, manualStart: true } as object);
    owner.release(fd);
    socket.setNoDelay(true);
    return new NetSocket(socket, arrival);
  }

  watch(fd: number, onReadable: () => void): () => void {
    return this.#side.watch(fd, onReadable);
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.#side.stop();
  }
}
