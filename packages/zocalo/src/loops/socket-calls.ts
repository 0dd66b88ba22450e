import type { Socket } from 'node:net';
import type { peerStateOf } from '../sys/poll.ts';
import type { SocketOptions, setSocketOptions, unacknowledged } from '../sys/socket-options.ts';

/** What node:net has no method for: system calls on the descriptor of its sockets. */
export type SocketCalls = {
  readonly setSocketOptions: typeof setSocketOptions;
  readonly unacknowledged: typeof unacknowledged;
  readonly peerStateOf: typeof peerStateOf;
};

/** Undefined where system calls cannot be bound. */
export async function loadSocketCalls(): Promise<SocketCalls | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    return { ...(await import('../sys/socket-options.ts')), ...(await import('../sys/poll.ts')) };
  } catch {
    return undefined;
  }
}

/** Sets the options of a connection; without system calls, those that node:net knows. */
export function setNetOptions(
  socket: Socket,
  calls: SocketCalls | undefined,
  options: SocketOptions,
  isUnix: boolean,
): void {
  const fd = descriptorOf(socket);
  if (calls !== undefined && fd >= 0) calls.setSocketOptions(fd, options, isUnix);
  else if (!isUnix && options.keepAliveMs < Number.POSITIVE_INFINITY)
    socket.setKeepAlive(true, options.keepAliveMs);
}

/** The descriptor of a socket of node:net; -1 when it has none. */
export function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null };
  return handle?.fd ?? -1;
}
