import { PlatformError } from '../errors.ts';
import type { Loop } from './loop.ts';

/** The concurrency models that can be asked for by name. */
export const models = ['epoll', 'libuv'] as const;
export type Model = (typeof models)[number];

/** Makes the loop of a model; only the mechanism that is used is loaded. */
const creators: Record<Model, () => Promise<Loop>> = {
  async epoll() {
    if (process.platform !== 'linux') {
      throw new PlatformError(`epoll is a mechanism of Linux; on ${process.platform} use the model libuv`);
    }
    const { createEpollLoop } = await import('./epoll.ts').catch((cause: unknown) => {
      throw new PlatformError('epoll needs koffi, which has no binary for this system; use the model libuv', {
        cause,
      });
    });
    return createEpollLoop() as Loop;
  },
  async libuv() {
    const { LibuvLoop } = await import('./libuv.ts');
    return new LibuvLoop() as Loop;
  },
};

/**
 * Makes the loop of a model, or, when none is named, the best there is: epoll on Linux, libuv elsewhere.
 * @throws PlatformError when the model that was asked for cannot run here
 */
export async function createLoop(model?: Model): Promise<Loop> {
  if (model !== undefined) return creators[model]();
  try {
    return await creators.epoll();
  } catch (error) {
    if (error instanceof PlatformError) return creators.libuv();
    throw error;
  }
}
