import * as abi from './io-uring-abi.ts';
import { putAddress } from './memory-address.ts';

const FIRST_CAPACITY = 256;
const MSG_NOSIGNAL = 0x4000;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** The words of a submission that any of these uses; the rest stays zero. */
const USED_WORDS = 11;

/**
 * Submissions on their way to the ring, in memory of our own, which grows: so none is ever lost for lack of room, whatever a turn
 * stages. Every submission carries two words of user data that come back with its completions: a tag and a generation.
 */
export class Submissions {
  #words = new Int32Array(FIRST_CAPACITY * abi.SQE_WORDS);
  /** How many are staged. */
  count = 0;
  /** Receives and sends of descriptors below this number use the files that are registered with the ring; see RegisteredFiles. */
  registeredBelow = 0;

  nop(tag: number, generation: number): void {
    this.#stage(abi.IORING_OP_NOP, -1, tag, generation);
  }

  /** Accepts one connection as a non-blocking socket; the kernel writes where from to `address`. */
  accept(fd: number, address: number, addressLength: number, tag: number, generation: number): void {
    const at = this.#stage(abi.IORING_OP_ACCEPT, fd, tag, generation);
    putAddress(this.#words, at + 2, addressLength);
    putAddress(this.#words, at + 4, address);
    this.#words[at + 7] = SOCK_NONBLOCK | SOCK_CLOEXEC;
  }

  /** Receives into a buffer of a group. @param options `IORING_RECV_MULTISHOT`, `IORING_RECVSEND_POLL_FIRST` */
  receive(fd: number, group: number, options: number, tag: number, generation: number): void {
    const flags = abi.IOSQE_BUFFER_SELECT | this.#fileFlag(fd);
    const at = this.#stage(abi.IORING_OP_RECV | (flags << 8) | (options << 16), fd, tag, generation);
    this.#words[at + 10] = group;
  }

  /** Sends bytes, which must be kept until it is complete. It completes when some of them have been taken. */
  send(fd: number, address: number, length: number, tag: number, generation: number): void {
    const at = this.#stage(abi.IORING_OP_SEND | (this.#fileFlag(fd) << 8), fd, tag, generation);
    putAddress(this.#words, at + 4, address);
    this.#words[at + 6] = length;
    this.#words[at + 7] = MSG_NOSIGNAL;
  }

  /** Completes when one of the events (poll(2)) is there; with `IORING_POLL_ADD_MULTI` as option, each time they come. */
  poll(fd: number, events: number, options: number, tag: number, generation: number): void {
    const at = this.#stage(abi.IORING_OP_POLL_ADD, fd, tag, generation);
    this.#words[at + 6] = options;
    this.#words[at + 7] = events;
  }

  /** Cancels the submission with this user data, which then completes with `ECANCELED`. Only a failure to do so completes by itself. */
  cancel(tag: number, generation: number): void {
    const at = this.#stage(abi.IORING_OP_ASYNC_CANCEL | (abi.IOSQE_CQE_SKIP_SUCCESS << 8), -1, 0, 0);
    this.#words[at + 4] = tag;
    this.#words[at + 5] = generation;
  }

  /** Puts the descriptor that stands at `address` into an entry of the registered files. Only a failure completes, and is ignored. */
  updateFile(entry: number, address: number): void {
    const at = this.#stage(abi.IORING_OP_FILES_UPDATE | (abi.IOSQE_CQE_SKIP_SUCCESS << 8), -1, 0, 0);
    this.#words[at + 2] = entry;
    putAddress(this.#words, at + 4, address);
    this.#words[at + 6] = 1;
  }

  /** Moves at most `limit` of them, in order, into a ring of `size` entries from index `at` on. @returns how many */
  move(ring: Int32Array, at: number, size: number, limit: number): number {
    const moved = Math.min(this.count, limit);
    if (moved === 0) return 0;
    const words = this.#words;
    // Word by word: a batch has a few, and arrays over parts of the memory would cost more than the copying.
    for (let i = 0; i < moved; i++) {
      const from = i * abi.SQE_WORDS;
      const to = ((at + i) % size) * abi.SQE_WORDS;
      for (let word = 0; word < USED_WORDS; word++) ring[to + word] = words[from + word] as number;
    }
    if (moved < this.count) words.copyWithin(0, moved * abi.SQE_WORDS, this.count * abi.SQE_WORDS);
    this.count -= moved;
    return moved;
  }

  #fileFlag(fd: number): number {
    return fd < this.registeredBelow ? abi.IOSQE_FIXED_FILE : 0;
  }

  #stage(head: number, fd: number, tag: number, generation: number): number {
    const at = this.count * abi.SQE_WORDS;
    if (at === this.#words.length) this.#grow();
    this.count++;
    const words = this.#words;
    words[at] = head;
    words[at + 1] = fd;
    words[at + 2] = words[at + 3] = words[at + 4] = words[at + 5] = words[at + 6] = words[at + 7] = 0;
    words[at + 8] = tag;
    words[at + 9] = generation;
    words[at + 10] = 0;
    return at;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#words.length);
    larger.set(this.#words);
    this.#words = larger;
  }
}
