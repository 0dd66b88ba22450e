import koffi from 'koffi';
import { PlatformError } from '../errors.ts';
import { addressOfSymbol, bind } from './libc.ts';
import { atThreadEnd, bindExported, currentIsolate, type Pointer } from './node-thread.ts';

/*
 * Node's own event loop of this thread, through the C interface of libuv that the node binary exports (docs.libuv.org: uv_poll_t,
 * uv_prepare_t, uv_backend_fd). A descriptor can be watched by it, and it can be waited for beside other descriptors.
 *
 * What must hold of a handle:
 * - Its memory is of the C library, and freed when libuv has called back that it is closed. Memory of V8 would go before the loop of a
 *   thread does.
 * - A thread may be ended by force, when no line of JavaScript runs any more. So Node is made to stop each handle then
 *   (node::AddEnvironmentCleanupHook), or libuv would call into what is gone; and the handle is marked as internal, or Node would abort
 *   the process because it is still there. Its memory, some 160 bytes, is not freed in that case.
 * - An exception must not leave a callback: nothing would catch it. Nor are promises settled after one. So a callback only
 *   schedules a turn.
 */

/** Of `uv_handle_type` (uv.h). */
const UV_POLL = 8;
const UV_PREPARE = 9;
const UV_READABLE = 1;
/** Where `uv_handle_t` has its flags, as a word of 32 bits (UV_HANDLE_FIELDS), and what these mean (uv-common.h). */
const FLAGS = 88 / 4;
const ACTIVE = 4;
const REFERENCED = 8;
const INTERNAL = 16;

const pollCallback = koffi.pointer(koffi.proto('void zocalo_uv_poll_cb(void *, int, int)'));
const prepareCallback = koffi.pointer(koffi.proto('void zocalo_uv_prepare_cb(void *)'));

const uv = {
  handleSize: bindExported<(type: number) => number>('size_t uv_handle_size(int)'),
  backendFd: bindExported<(loop: Pointer) => number>('int uv_backend_fd(void *)'),
  backendTimeout: bindExported<(loop: Pointer) => number>('int uv_backend_timeout(void *)'),
  updateTime: bindExported<(loop: Pointer) => void>('void uv_update_time(void *)'),
  alive: bindExported<(loop: Pointer) => number>('int uv_loop_alive(void *)'),
  pollInit: bindExported<(loop: Pointer, handle: Pointer, fd: number) => number>(
    'int uv_poll_init(void *, void *, int)',
  ),
  pollStart: bindExported<(handle: Pointer, events: number, callback: Pointer) => number>(
    'int uv_poll_start(void *, int, void *)',
  ),
  prepareInit: bindExported<(loop: Pointer, handle: Pointer) => number>(
    'int uv_prepare_init(void *, void *)',
  ),
  prepareStart: bindExported<(handle: Pointer, callback: Pointer) => number>(
    'int uv_prepare_start(void *, void *)',
  ),
  close: bindExported<(handle: Pointer, callback: Pointer) => void>('void uv_close(void *, void *)'),
  ref: bindExported<(handle: Pointer) => void>('void uv_ref(void *)'),
  unref: bindExported<(handle: Pointer) => void>('void uv_unref(void *)'),
};
const calloc = bind<(count: number, size: number) => Pointer>('void *calloc(size_t, size_t)');
const free = bind<(memory: Pointer) => void>('void free(void *)');
/** What libuv calls when a handle is closed: it is called also when no JavaScript runs any more. */
const freeing = addressOfSymbol('free');
/** node::GetCurrentEventLoop(v8::Isolate *). */
const currentEventLoop = bindExported<(isolate: Pointer) => Pointer>(
  'void *_ZN4node19GetCurrentEventLoopEPN2v87IsolateE(void *)',
);
/** A handle in Node's loop, until it is closed. */
export interface NodeHandle {
  /** Whether it keeps the program alive, as it does at first. */
  ref(): void;
  unref(): void;
  /** Ends it. The descriptor that it watches may be closed when this returns. */
  close(): void;
}

/** The event loop of this thread. */
export class NodeLoop {
  static #current: NodeLoop | undefined;

  /** It is readable when Node's loop has something to do that it was waiting for. */
  readonly backendFd: number;
  readonly #loop = currentEventLoop(currentIsolate());
  readonly #callbacks = new Map<Pointer, () => void>();
  /** Registered once a thread: there is room for some thousand callbacks in a process. */
  readonly #onPoll = koffi.register((handle: Pointer) => this.#callbacks.get(handle)?.(), pollCallback);
  readonly #onPrepare = koffi.register((handle: Pointer) => this.#callbacks.get(handle)?.(), prepareCallback);

  private constructor() {
    if (this.#loop === 0n || this.#loop === null)
      throw new PlatformError('this thread has no event loop of Node: the model libuv serves without it');
    this.backendFd = uv.backendFd(this.#loop);
    checkLayout(this.#loop);
  }

  /** @throws PlatformError when this program does not export its event loop */
  static current(): NodeLoop {
    NodeLoop.#current ??= new NodeLoop();
    return NodeLoop.#current;
  }

  /** How long Node's loop may be waited for, in milliseconds: 0 when it has something to do, -1 for as long as it takes. */
  get timeoutMs(): number {
    return uv.backendTimeout(this.#loop);
  }

  /** Whether anything keeps the program alive. */
  get alive(): boolean {
    return uv.alive(this.#loop) !== 0;
  }

  /** Updates its clock after a wait, so that timers that have become due run. */
  updateTime(): void {
    uv.updateTime(this.#loop);
  }

  /** Calls back in each pass of Node's loop in which a descriptor is readable: it may only set a flag, or schedule a turn. */
  watch(fd: number, onReadable: () => void): NodeHandle {
    const handle = this.#allocate(UV_POLL);
    const failure = uv.pollInit(this.#loop, handle, fd);
    if (failure < 0) {
      free(handle);
      throw new PlatformError(`Node's event loop cannot watch descriptor ${fd} (libuv error ${failure})`);
    }
    uv.pollStart(handle, UV_READABLE, this.#onPoll);
    return this.#own(handle, 'uv_poll_stop', onReadable);
  }

  /** Calls back in each pass of Node's loop before it waits. The callback may wait itself, and must not throw. */
  beforeWaiting(callback: () => void): NodeHandle {
    const handle = this.#allocate(UV_PREPARE);
    uv.prepareInit(this.#loop, handle);
    uv.prepareStart(handle, this.#onPrepare);
    return this.#own(handle, 'uv_prepare_stop', callback);
  }

  #allocate(type: number): Pointer {
    const handle = calloc(1, uv.handleSize(type));
    if (handle === null) throw new RangeError('there is no memory for a handle of libuv');
    return handle;
  }

  #own(handle: Pointer, stop: 'uv_poll_stop' | 'uv_prepare_stop', callback: () => void): NodeHandle {
    flagsOf(handle)[0] = (flagsOf(handle)[0] as number) | INTERNAL;
    this.#callbacks.set(handle, callback);
    const closed = atThreadEnd(stop, handle);
    let open = true;
    return {
      ref: () => open && uv.ref(handle),
      unref: () => open && uv.unref(handle),
      close: () => {
        if (!open) return;
        open = false;
        closed();
        this.#callbacks.delete(handle);
        uv.close(handle, freeing);
      },
    };
  }
}

/** The flags of a handle, as memory. */
function flagsOf(handle: Pointer): Uint32Array {
  return new Uint32Array(koffi.view(handle + BigInt(4 * FLAGS), 4));
}

let layoutChecked = false;

/** Checks with a handle that the flags are where they are expected, and mean what is assumed. @throws PlatformError */
function checkLayout(loop: Pointer): void {
  if (layoutChecked) return;
  const handle = calloc(1, uv.handleSize(UV_PREPARE));
  uv.prepareInit(loop, handle);
  const seen = [flagsOf(handle)[0]];
  uv.unref(handle);
  seen.push(flagsOf(handle)[0]);
  uv.prepareStart(handle, addressOfSymbol('uv_update_time'));
  seen.push(flagsOf(handle)[0]);
  bind<(handle: Pointer) => number>('int uv_prepare_stop(void *)')(handle);
  uv.close(handle, freeing);
  if (seen.join() !== [REFERENCED, 0, ACTIVE].join()) {
    throw new PlatformError(
      `libuv ${process.versions.uv} of this ${process.argv0} lays out its handles differently from what zocalo knows: the model libuv serves ` +
        'without them',
    );
  }
  layoutChecked = true;
}
