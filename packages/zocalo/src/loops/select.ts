import { DescriptorSet, select } from '../sys/select.ts';
import { DEFAULT_BUSY_POLL_US, Dispatcher } from './dispatcher.ts';
import { PEER_FINISHED, READABLE, type ReadyList, WRITABLE } from './poller.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import { type ScannedSet, ScanningDispatcher } from './scanning-dispatcher.ts';

/** The generation of a descriptor that is not watched. */
const UNWATCHED = -2;

/**
 * What is watched, as sets for select(2). It reports two things, that a descriptor can be read and that it can be written, and no
 * others: the end of what a client sends and a broken connection are readable like bytes. So nothing is noticed of a client without
 * interest, where other mechanisms report that it has hung up.
 */
export class SelectedSet implements ScannedSet {
  readonly #read = new DescriptorSet();
  readonly #write = new DescriptorSet();
  /** Those of {@link #read} for which readable means {@link PEER_FINISHED}. */
  readonly #finish = new DescriptorSet();
  /** What is passed to the kernel, which writes its result there. */
  readonly #readable = new DescriptorSet();
  readonly #writable = new DescriptorSet();
  readonly #generations: number[] = [];
  #nfds = 0;

  add(fd: number, interest: number, generation: number): void {
    while (fd >= this.#read.words.length * 32) this.#grow();
    this.#generations[fd] = generation;
    this.#nfds = Math.max(this.#nfds, fd + 1);
    this.modify(fd, interest);
  }

  modify(fd: number, interest: number): void {
    this.#read.set(fd, (interest & (READABLE | PEER_FINISHED)) !== 0);
    this.#write.set(fd, (interest & WRITABLE) !== 0);
    this.#finish.set(fd, (interest & READABLE) === 0);
  }

  remove(fd: number): void {
    this.modify(fd, 0);
    this.#generations[fd] = UNWATCHED;
    // Numbers that were never watched have no generation at all.
    while (this.#nfds > 0 && (this.#generations[this.#nfds - 1] ?? UNWATCHED) === UNWATCHED) this.#nfds--;
  }

  wait(timeoutMs: number): number {
    this.#readable.copyFrom(this.#read);
    this.#writable.copyFrom(this.#write);
    return select(this.#nfds, this.#readable, this.#writable, timeoutMs);
  }

  collect(count: number, ready: ReadyList): void {
    const [readable, writable] = [this.#readable.words, this.#writable.words];
    for (let word = 0, left = count; left > 0 && word < readable.length; word++) {
      let bits = (readable[word] as number) | (writable[word] as number);
      while (bits !== 0) {
        const fd = word * 32 + 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        left -= this.#report(fd, ready);
      }
    }
  }

  #report(fd: number, ready: ReadyList): number {
    const canRead = this.#readable.has(fd);
    const canWrite = this.#writable.has(fd);
    const read = this.#finish.has(fd) ? PEER_FINISHED : READABLE;
    ready.add(fd, this.#generations[fd] ?? UNWATCHED, (canRead ? read : 0) | (canWrite ? WRITABLE : 0));
    return (canRead ? 1 : 0) + (canWrite ? 1 : 0);
  }

  #grow(): void {
    const words = 2 * this.#read.words.length;
    for (const set of [this.#read, this.#write, this.#finish, this.#readable, this.#writable])
      set.grow(words);
  }
}

/** A loop that waits in select(2). */
export function createSelectLoop(busyPollUs = DEFAULT_BUSY_POLL_US): ReadinessLoop {
  return new ReadinessLoop(
    'select',
    Dispatcher.shared('select', busyPollUs, () => new ScanningDispatcher(new SelectedSet())),
  );
}
