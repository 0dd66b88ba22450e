import { PlatformError } from '../errors.ts';
import type { DescriptorLoop, Loop } from './loop.ts';

/** The ways to wait for sockets. */
export const mechanisms = ['blocking', 'select', 'poll', 'epoll', 'sigio', 'uring', 'libuv'] as const;
export type Mechanism = (typeof mechanisms)[number];

/** Makes the loop of a mechanism that serves descriptors; only the one that is used is loaded. */
const creators: Record<Mechanism, () => Promise<DescriptorLoop>> = {
  blocking: async () => (await import('./blocking.ts')).createBlockingLoop() as DescriptorLoop,
  select: async () => (await import('./select.ts')).createSelectLoop() as DescriptorLoop,
  poll: async () => (await import('./poll.ts')).createPollLoop() as DescriptorLoop,
  epoll: async () => (await import('./epoll.ts')).createEpollLoop() as DescriptorLoop,
  sigio: async () => (await import('./sigio.ts')).createSigioLoop() as DescriptorLoop,
  uring: async () => (await import('./uring.ts')).createUringLoop() as DescriptorLoop,
  libuv: async () => new (await import('./libuv-descriptors.ts')).LibuvDescriptorLoop() as DescriptorLoop,
};

/**
 * Makes a loop that takes descriptors, for a worker, or for the one who accepts for workers.
 * @throws PlatformError when the mechanism cannot run here
 */
export async function createDescriptorLoop(mechanism: Mechanism): Promise<DescriptorLoop> {
  if (process.platform !== 'linux') {
    throw new PlatformError(`${mechanism} needs Linux; on ${process.platform} use the model libuv`);
  }
  return creators[mechanism]();
}

/**
 * Makes a loop that accepts and serves by itself.
 * @throws PlatformError when the mechanism cannot run here
 */
export async function createLoop(mechanism: Mechanism): Promise<Loop> {
  if (mechanism !== 'libuv') return createDescriptorLoop(mechanism);
  const { LibuvLoop } = await import('./libuv.ts');
  return new LibuvLoop() as Loop;
}

/** The best mechanism there is: epoll on Linux, libuv elsewhere, and where the system calls cannot be bound. */
export async function bestMechanism(): Promise<'epoll' | 'libuv'> {
  if (process.platform !== 'linux') return 'libuv';
  return import('../sys/libc.ts').then(
    () => 'epoll' as const,
    () => 'libuv' as const,
  );
}
