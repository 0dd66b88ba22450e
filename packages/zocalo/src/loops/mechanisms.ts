import { PlatformError } from '../errors.ts';
import { DEFAULT_BUSY_POLL_US } from './dispatcher.ts';
import type { DescriptorLoop, Loop } from './loop.ts';
import { loadSocketCalls } from './socket-calls.ts';

/** The ways to wait for sockets. */
export const mechanisms = ['blocking', 'select', 'poll', 'epoll', 'sigio', 'uring', 'libuv'] as const;
export type Mechanism = (typeof mechanisms)[number];

/** Makes the loop of a mechanism that serves descriptors; only the one that is used is loaded. */
const creators: Record<Mechanism, (busyPollUs: number) => Promise<DescriptorLoop>> = {
  blocking: async (busyPollUs) => (await import('./poll.ts')).createBlockingLoop(busyPollUs),
  select: async (busyPollUs) => (await import('./select.ts')).createSelectLoop(busyPollUs),
  poll: async (busyPollUs) => (await import('./poll.ts')).createPollLoop(busyPollUs),
  epoll: async (busyPollUs) => (await import('./epoll.ts')).createEpollLoop(busyPollUs),
  sigio: async (busyPollUs) => (await import('./sigio.ts')).createSigioLoop(busyPollUs),
  uring: async (busyPollUs) => (await import('./uring.ts')).createUringLoop(busyPollUs),
  libuv: async () => new (await import('./libuv-descriptors.ts')).LibuvDescriptorLoop(),
};

/**
 * Makes a loop that takes descriptors, for a worker, or for the thread that accepts for workers.
 * @param busyPollUs how long it polls without sleeping after the last event of a single active client, in microseconds
 * @throws PlatformError when the mechanism cannot run here
 */
export async function createDescriptorLoop(
  mechanism: Mechanism,
  busyPollUs: number = DEFAULT_BUSY_POLL_US,
): Promise<DescriptorLoop> {
  if (process.platform !== 'linux') {
    throw new PlatformError(`${mechanism} needs Linux; on ${process.platform} use the model libuv`);
  }
  const error = await systemCallsError();
  if (error !== undefined) throw error;
  return creators[mechanism](busyPollUs);
}

/**
 * Makes a loop that accepts and serves by itself.
 * @throws PlatformError when the mechanism cannot run here
 */
export async function createLoop(
  mechanism: Mechanism,
  busyPollUs: number = DEFAULT_BUSY_POLL_US,
): Promise<Loop> {
  if (mechanism !== 'libuv') return createDescriptorLoop(mechanism, busyPollUs);
  const { LibuvLoop } = await import('./libuv.ts');
  return new LibuvLoop(await loadSocketCalls());
}

/** The best mechanism there is: epoll on Linux, libuv elsewhere, and where the system calls cannot be bound. */
export async function bestMechanism(): Promise<'epoll' | 'libuv'> {
  return process.platform === 'linux' && (await systemCallsError()) === undefined ? 'epoll' : 'libuv';
}

/**
 * Why system calls cannot be made, or Node's event loop is not exported, which on Linux all mechanisms but libuv need; undefined when they
 * can.
 */
export async function systemCallsError(): Promise<PlatformError | undefined> {
  try {
    await import('../sys/libc.ts');
    const { NodeLoop } = await import('../sys/node-loop.ts');
    NodeLoop.current();
    return undefined;
  } catch (cause) {
    if (cause instanceof PlatformError) return cause;
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    return new PlatformError(
      `system calls cannot be made without koffi, and it does not load: ${message}; install it beside zocalo, and leave it out of ` +
        'bundles (external). The model libuv serves without it',
      { cause },
    );
  }
}
