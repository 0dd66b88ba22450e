import { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { duplicate } from '../sys/sockets.ts';
import { createEpollLoop } from './epoll.ts';
import { LibuvLoop } from './libuv.ts';
import type { Arrival, DescriptorLoop, DescriptorOwner } from './loop.ts';
import { NetSocket } from './net-listener.ts';

/**
 * The loop over node:net in a worker. libuv cannot be asked to watch the descriptor of the worker's channel. In a process an epoll loop
 * does it beside it. A thread is told by a message from its parent thread that there is something on the channel: were it to wait for it in
 * libuv's pool, which all threads share, many of them would leave nothing of that.
 */
export class LibuvDescriptorLoop extends LibuvLoop implements DescriptorLoop<NetSocket> {
  readonly #side = parentPort === null ? createEpollLoop() : undefined;

  /** libuv closes its descriptors itself, so it is given one of its own. */
  socketOf(fd: number, arrival: Arrival, owner: DescriptorOwner): NetSocket {
    const socket = new Socket({ fd: duplicate(fd), allowHalfOpen: true, manualStart: true } as object);
    owner.release(fd);
    socket.setNoDelay(true);
    return new NetSocket(socket, arrival);
  }

  watch(fd: number, onReadable: () => void): () => void {
    if (this.#side !== undefined) return this.#side.watch(fd, onReadable);
    parentPort?.on('message', onReadable);
    return () => parentPort?.off('message', onReadable);
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.#side?.stop();
  }
}
