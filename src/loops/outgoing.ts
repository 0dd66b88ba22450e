import { errnoName } from '../sys/libc.ts';
import { encodeIpAddress } from '../sys/socket-address.ts';
import { close, connectionError, connectTo, disableNagle, localAddress } from '../sys/sockets.ts';
import { FdSocket } from './fd-socket.ts';
import { FAILED, WRITABLE } from './poller.ts';
import type { ReadinessLoop } from './readiness-loop.ts';
import type { Watched } from './waiter.ts';

/** What becomes of an outgoing connection: it is made, or `reason` is the system's symbolic error. Called once, never at once. */
export type Outcome = { socket: FdSocket } | { reason: string };

/**
 * Connects from a readiness loop: the descriptor is watched until it is writable, which is when a connection is made or has
 * failed (connect(2), EINPROGRESS). The socket is then the caller's, to be adopted or closed.
 * @returns gives the attempt up; `done` is then not called
 */
export function connectDescriptor(
  { waiter }: ReadinessLoop,
  address: string,
  port: number,
  done: (outcome: Outcome) => void,
): () => void {
  const fd = connectTo(encodeIpAddress(address, port));
  disableNagle(fd);
  const watched: Watched = {
    fd,
    generation: 0,
    onReady(events) {
      waiter.unwatch(watched);
      const error = connectionError(fd);
      // A connection that was refused at once (no route, say) leaves no error behind, only a socket that has hung up.
      if (error === 0 && (events & FAILED) === 0) {
        done({ socket: new FdSocket(fd, address, port, localAddress(fd).port, { release: close }) });
        return;
      }
      close(fd);
      done({ reason: error === 0 ? 'ENOTCONN' : errnoName(error) });
    },
  };
  waiter.watch(watched, WRITABLE);
  return () => {
    waiter.unwatch(watched);
    close(fd);
  };
}
