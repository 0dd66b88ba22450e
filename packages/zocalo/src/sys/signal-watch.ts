import { addressOfSymbol, bind } from './libc.ts';

/** `UV_SIGNAL` of `uv_handle_type` and `UV_RUN_NOWAIT` of `uv_run_mode` (uv.h of libuv 1, which Node exports). */
const UV_SIGNAL = 16;
const UV_RUN_NOWAIT = 2;

type Pointer = bigint;
const malloc = bind<(size: number) => Pointer>('void *malloc(size_t)');
const uvLoopSize = bind<() => number>('size_t uv_loop_size()');
const uvHandleSize = bind<(type: number) => number>('size_t uv_handle_size(int)');
const uvLoopInit = bind<(loop: Pointer) => number>('int uv_loop_init(void *)');
const uvSignalInit = bind<(loop: Pointer, handle: Pointer) => number>('int uv_signal_init(void *, void *)');
const uvSignalStart = bind<(handle: Pointer, callback: Pointer, signal: number) => number>(
  'int uv_signal_start(void *, void *, int)',
);
const uvIsActive = bind<(handle: Pointer) => number>('int uv_is_active(void *)');
const uvRun = bind<(loop: Pointer, mode: number) => number>('int uv_run(void *, int)');

const stop = addressOfSymbol('uv_signal_stop');

/** Where a watch is in the memory of this process: the same for all its threads. */
export type SignalWatch = {
  readonly loop: Pointer;
  readonly handles: readonly { readonly signal: number; readonly handle: Pointer }[];
};

/**
 * Begins to notice signals, beside the main thread, which gets them as well and may be too busy to notice. It has a loop of libuv that is never
 * waited in: the callback must be a C function, `uv_signal_stop`, and a handle that has stopped has had its signal. The memory is
 * never freed, since libuv refers to it for as long as the process lives.
 * @param signals by their numbers
 * @throws Error when there is no descriptor left for it
 */
export function watchSignals(signals: readonly number[]): SignalWatch {
  const loop = malloc(Number(uvLoopSize()));
  if (uvLoopInit(loop) !== 0) throw new Error('there is no descriptor left to watch signals with');
  const handles = signals.map((signal) => ({ signal, handle: malloc(Number(uvHandleSize(UV_SIGNAL))) }));
  for (const { signal, handle } of handles) {
    uvSignalInit(loop, handle);
    uvSignalStart(handle, stop, signal);
  }
  return { loop, handles };
}

/** Whether any signal has come since this was last asked; always by the same thread, which need not be the one that began. */
export function signalArrived({ loop, handles }: SignalWatch): boolean {
  uvRun(loop, UV_RUN_NOWAIT);
  const come = handles.filter(({ handle }) => uvIsActive(handle) === 0);
  for (const { signal, handle } of come) uvSignalStart(handle, stop, signal);
  return come.length > 0;
}
