import { DescriptorSet, select, selectAsync } from '../sys/select.ts';
import { PEER_FINISHED, READABLE, WRITABLE } from './poller.ts';
import { Reactor } from './reactor.ts';
import { ReadinessLoop } from './readiness-loop.ts';
import type { ReadyList } from './ready-list.ts';
import { type ScannedSet, ScanningPoller } from './scanning-poller.ts';

/** The alarm's generation, which no client has. */
const ALARM = -1;

/**
 * What is watched, as sets for select(2). It reports two things, that a descriptor can be read and that it can be written, and knows no
 * others: the end of what a client sends and a broken connection are readable like bytes. So nothing is noticed of a client in whom there
 * is no interest at the moment, where other mechanisms report that it has left.
 */
export class SelectedSet implements ScannedSet {
  readonly #read: DescriptorSet;
  readonly #write: DescriptorSet;
  /** Those of {@link #read} for which readable means {@link PEER_FINISHED}. */
  readonly #finish: DescriptorSet;
  /** What the kernel is given, and leaves its answer in. */
  readonly #readable = new DescriptorSet();
  readonly #writable = new DescriptorSet();
  readonly #generations: number[];
  #nfds: number;

  constructor(like?: SelectedSet) {
    const words = like === undefined ? 32 : like.#read.words.length;
    this.#read = new DescriptorSet(words);
    this.#write = new DescriptorSet(words);
    this.#finish = new DescriptorSet(words);
    this.#readable.grow(words);
    this.#writable.grow(words);
    this.#generations = like === undefined ? [] : [...like.#generations];
    this.#nfds = like === undefined ? 0 : like.#nfds;
    if (like === undefined) return;
    this.#read.become(like.#read);
    this.#write.become(like.#write);
    this.#finish.become(like.#finish);
  }

  add(fd: number, interest: number, generation: number): void {
    while (fd >= this.#read.words.length * 32) this.#grow();
    this.#generations[fd] = generation;
    this.#nfds = Math.max(this.#nfds, fd + 1);
    this.modify(fd, interest);
  }

  modify(fd: number, interest: number): void {
    this.#read.put(fd, (interest & (READABLE | PEER_FINISHED)) !== 0);
    this.#write.put(fd, (interest & WRITABLE) !== 0);
    this.#finish.put(fd, (interest & READABLE) === 0);
  }

  remove(fd: number): void {
    this.modify(fd, 0);
    this.#generations[fd] = ALARM;
    // Numbers that were never watched have no generation at all.
    while (this.#nfds > 0 && (this.#generations[this.#nfds - 1] ?? ALARM) === ALARM) this.#nfds--;
  }

  copy(alarm: number): ScannedSet {
    const copy = new SelectedSet(this);
    copy.add(alarm, READABLE, ALARM);
    return copy;
  }

  wait(timeout: number): number {
    this.#readable.become(this.#read);
    this.#writable.become(this.#write);
    return select(this.#nfds, this.#readable, this.#writable, timeout);
  }

  waitAsync(done: (error: Error | null, count: number) => void): void {
    this.#readable.become(this.#read);
    this.#writable.become(this.#write);
    selectAsync(this.#nfds, this.#readable, this.#writable, done);
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
    ready.add(fd, this.#generations[fd] ?? ALARM, (canRead ? read : 0) | (canWrite ? WRITABLE : 0));
    return (canRead ? 1 : 0) + (canWrite ? 1 : 0);
  }

  #grow(): void {
    const words = 2 * this.#read.words.length;
    for (const set of [this.#read, this.#write, this.#finish, this.#readable, this.#writable])
      set.grow(words);
  }
}

/** A loop that waits in select(2). */
export function createSelectLoop(): ReadinessLoop {
  return new ReadinessLoop(
    'select',
    Reactor.shared('select', () => new ScanningPoller(new SelectedSet())),
  );
}
