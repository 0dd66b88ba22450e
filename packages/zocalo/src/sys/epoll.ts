import { bind, check } from './libc.ts';
import { OwnedDescriptor } from './node-thread.ts';

/** Event bits of epoll_ctl(2). HUP and ERR are reported whether asked for or not. */
export const EPOLLIN = 0x001;
export const EPOLLPRI = 0x002;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 0x8000_0000;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLL_CLOEXEC = 0o2000000;

/**
 * `struct epoll_event` is `uint32_t events; uint64_t data`. The kernel packs it on x86-64 alone (12 bytes, the data
 * at 4); elsewhere, arm64 included, it is aligned (16 bytes, the data at 8): `EPOLL_PACKED` in
 * `include/uapi/linux/eventpoll.h`.
 */
export type EventLayout = { size: number; data: number };
export const eventLayout = (architecture: string): EventLayout =>
  architecture === 'x64' ? { size: 12, data: 4 } : { size: 16, data: 8 };

const epollCreate = bind<(flags: number) => number>('int epoll_create1(int)');
const epollCtl = bind<(epoll: number, operation: number, fd: number, event: Buffer) => number>(
  'int epoll_ctl(int, int, int, void *)',
);
const epollWait = bind<(epoll: number, events: Buffer, maxEvents: number, timeoutMs: number) => number>(
  'int epoll_wait(int, void *, int, int)',
);

const layout = eventLayout(process.arch);

/** One batch of events as the kernel wrote it; each event carries the two 32-bit words it was registered with. */
export class EventBatch {
  readonly bytes: Buffer;
  readonly capacity: number;
  readonly #words: Int32Array;

  constructor(capacity: number) {
    this.bytes = Buffer.from(new ArrayBuffer(capacity * layout.size));
    this.capacity = capacity;
    this.#words = new Int32Array(this.bytes.buffer);
  }

  /** The event bits of event `i`. */
  events(i: number): number {
    return this.#words[(i * layout.size) >> 2] as number;
  }

  /** The first word (the descriptor, by our convention) of event `i`. */
  descriptor(i: number): number {
    return this.#words[(i * layout.size + layout.data) >> 2] as number;
  }

  /** The second word (the generation of the descriptor, by our convention) of event `i`. */
  generation(i: number): number {
    return this.#words[(i * layout.size + layout.data + 4) >> 2] as number;
  }
}

/** One epoll instance: epoll(7). Every registration carries the descriptor and a generation number. */
export class Epoll {
  readonly #own = new OwnedDescriptor(check('epoll_create1', epollCreate(EPOLL_CLOEXEC)));
  readonly fd = this.#own.fd;
  readonly #event = Buffer.alloc(16);

  add(fd: number, events: number, generation: number): void {
    check('epoll_ctl', this.#control(EPOLL_CTL_ADD, fd, events, generation));
  }

  modify(fd: number, events: number, generation: number): void {
    check('epoll_ctl', this.#control(EPOLL_CTL_MOD, fd, events, generation));
  }

  remove(fd: number): void {
    check('epoll_ctl', this.#control(EPOLL_CTL_DEL, fd, 0, 0));
  }

  /** Waits at most `timeoutMs` milliseconds (0: not at all); the number of events, negative on failure. */
  wait(batch: EventBatch, timeoutMs: number): number {
    return epollWait(this.fd, batch.bytes, batch.capacity, timeoutMs);
  }

  close(): void {
    this.#own.close();
  }

  #control(operation: number, fd: number, events: number, generation: number): number {
    const event = this.#event;
    event.writeUInt32LE(events >>> 0, 0);
    event.writeInt32LE(fd, layout.data);
    event.writeInt32LE(generation, layout.data + 4);
    return epollCtl(this.fd, operation, fd, event);
  }
}
