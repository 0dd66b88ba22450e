import { createConnection, type Socket } from 'node:net';
import { ConnectError } from 'zocalo/service';
import { formatTarget, type Target } from './target.ts';

/** Longer times are beyond what a timer can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Connects to a TCP port or a Unix socket. The socket may be half-closed: its end of sending does not end its receiving.
 * @param timeoutMs the longest it may take, in milliseconds; `Infinity` for as long as the system tries. Default 10 s
 * @throws ConnectError when nothing listens, the host is unknown, the time is up, and so on
 */
export function connectTo(target: Target, timeoutMs = 10_000): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ ...target, allowHalfOpen: true, noDelay: true });
    const fail = (reason: string, cause?: unknown) => {
      socket.destroy();
      reject(new ConnectError(explain(target, reason, timeoutMs), reason, { cause }));
    };
    const timer = timeoutMs <= MAX_TIMER_MS ? setTimeout(() => fail('ETIMEDOUT'), timeoutMs) : undefined;
    const failed = (error: Error) => {
      clearTimeout(timer);
      const first = firstOf(error);
      fail(first.code ?? first.message, error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

/** A name with several addresses fails with one error for each. */
function firstOf(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error;
}

function explain(target: Target, reason: string, timeoutMs: number): string {
  const place = formatTarget(target);
  switch (reason) {
    case 'ECONNREFUSED':
      return `nothing listens on ${place}`;
    case 'ENOENT':
      return `nothing listens on ${place}: there is no such socket`;
    case 'ENOTSOCK':
      return `${place} is not a socket`;
    case 'EACCES':
      return `no permission to connect to ${place}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host of ${place} cannot be found`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${place} cannot be reached`;
    case 'ETIMEDOUT':
      return timeoutMs === Number.POSITIVE_INFINITY
        ? `${place} did not answer`
        : `${place} did not answer within ${timeoutMs / 1000} s`;
    default:
      return `cannot connect to ${place}: ${reason}`;
  }
}
