import { Socket } from 'node:net';
import { NodeLoop } from '../sys/node-loop.ts';
import { peerStateOf } from '../sys/poll.ts';
import { setSocketOptions, unacknowledged } from '../sys/socket-options.ts';
import { duplicate } from '../sys/sockets.ts';
import { LibuvLoop } from './libuv.ts';
import type { ConnectionAddress, DescriptorLoop, DescriptorOwner } from './loop.ts';
import { NetSocket } from './net-listener.ts';

/** The loop over node:net in a worker. Node's loop watches the descriptor of the worker's channel beside its sockets. */
export class LibuvDescriptorLoop extends LibuvLoop implements DescriptorLoop {
  constructor() {
    super({ setSocketOptions, unacknowledged, peerStateOf });
  }

  /** libuv closes its descriptors itself, so it gets a duplicate. */
  socketOf(fd: number, arrival: ConnectionAddress, owner: DescriptorOwner): NetSocket {
    const socket = new Socket({ fd: duplicate(fd), allowHalfOpen: true, manualStart: true } as object);
    owner.release(fd);
    socket.setNoDelay(true);
    return new NetSocket(socket, arrival);
  }

  watch(fd: number, onReadable: () => void): () => void {
    let scheduled: NodeJS.Immediate | undefined;
    const handle = NodeLoop.current().watch(fd, () => {
      scheduled ??= setImmediate(() => {
        scheduled = undefined;
        onReadable();
      });
    });
    return () => {
      clearImmediate(scheduled);
      handle.close();
    };
  }
}
