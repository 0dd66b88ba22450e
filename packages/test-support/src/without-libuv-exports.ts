import koffi from 'koffi';

/* For `node --import`: a program that does not export the interface of libuv, as a node that was built otherwise. */

const { load } = koffi;
koffi.load = (...args: Parameters<typeof load>) => {
  const library = load(...args);
  const func = (prototype: string): unknown => {
    if (prototype.includes('uv_poll_init')) throw new Error('Cannot find function');
    return library.func(prototype);
  };
  return { func, symbol: library.symbol.bind(library) } as unknown as typeof library;
};
