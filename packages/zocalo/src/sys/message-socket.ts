import { bind, check } from './libc.ts';
import { addressOf, putAddress } from './memory-address.ts';

/** Numbers of `<sys/socket.h>` on Linux; the same on x86-64 and arm64. */
const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 8;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

const sysSocketpair = bind<(family: number, type: number, protocol: number, pair: Buffer) => number>(
  'int socketpair(int, int, int, void *)',
);
const sysSetsockopt = bind<
  (fd: number, level: number, name: number, value: Buffer, length: number) => number
>('int setsockopt(int, int, int, void *, uint)');
const sysSendmsg = bind<(fd: number, header: Buffer, flags: number) => number>(
  'long sendmsg(int, void *, int)',
);
const sysRecvmsg = bind<(fd: number, header: Buffer, flags: number) => number>(
  'long recvmsg(int, void *, int)',
);

/** The longest message of a pair, in bytes. */
export const MAX_MESSAGE_SIZE = 65_536;
/** What is asked for as room for messages under way; the system may allow less (`net.core.wmem_max`). */
const SEND_BUFFER = 1_048_576;

/**
 * Two ends of a local connection that keeps messages apart (unix(7), SOCK_SEQPACKET) and can carry a descriptor with each.
 * @throws SystemCallError when there are no descriptors left
 */
export function messageSocketPair(): [number, number] {
  const pair = Buffer.alloc(8);
  check('socketpair', sysSocketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
  const ends: [number, number] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  const size = Buffer.from(Uint32Array.of(SEND_BUFFER).buffer);
  for (const end of ends) sysSetsockopt(end, SOL_SOCKET, SO_SNDBUF, size, 4);
  return ends;
}

/*
 * A control message that carries one descriptor: length (20), level, type, the descriptor; padded to 24 bytes (cmsg(3)). Here in words of 32
 * bits, as all of these structures: what does not change is written once.
 */
const CONTROL_SIZE = 24;
const CONTROL_LENGTH = 20;
const CONTROL = { length: 0, level: 2, type: 3, descriptor: 4 };

/** `struct msghdr` of a 64-bit Linux with one `struct iovec` and room for one control message. */
class MessageHeader {
  /** 56 bytes: name, its length, iovec (word 4), count of iovecs (6), control (8), its length (10), flags (12). */
  readonly #words = new Int32Array(14);
  /** Where the bytes are, and their length (word 2). */
  readonly #vector = new Int32Array(4);
  readonly control = new Int32Array(CONTROL_SIZE / 4);
  readonly bytes = Buffer.from(this.#words.buffer);

  constructor() {
    putAddress(this.#words, 4, addressOf(Buffer.from(this.#vector.buffer)));
    this.#words[6] = 1;
    putAddress(this.#words, 8, addressOf(Buffer.from(this.control.buffer)));
  }

  set message(bytes: Uint8Array) {
    putAddress(this.#vector, 0, addressOf(bytes));
    this.#vector[2] = bytes.length;
  }

  /** How many bytes of control messages there are, or may come; after a call, have come. */
  set controlSize(bytes: number) {
    this.#words[10] = bytes;
  }

  get controlSize(): number {
    return this.#words[10] as number;
  }

  get flags(): number {
    return this.#words[12] as number;
  }
}

const outgoing = new MessageHeader();
const incoming = new MessageHeader();
const space = Buffer.alloc(MAX_MESSAGE_SIZE);
outgoing.control[CONTROL.length] = CONTROL_LENGTH;
outgoing.control[CONTROL.level] = SOL_SOCKET;
outgoing.control[CONTROL.type] = SCM_RIGHTS;
incoming.message = space;

/**
 * Sends a message, and a copy of a descriptor with it, unless that is negative.
 * @param wait whether to wait for room
 * @returns a negative number on failure, whose cause is in errno
 */
export function sendMessage(fd: number, message: Uint8Array, descriptor: number, wait: boolean): number {
  outgoing.control[CONTROL.descriptor] = descriptor;
  outgoing.message = message;
  outgoing.controlSize = descriptor < 0 ? 0 : CONTROL_SIZE;
  return sysSendmsg(fd, outgoing.bytes, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
}

/** The descriptor that came with the message that {@link receiveMessage} has just returned on this thread; -1 when none did. */
export let receivedDescriptor = -1;

/**
 * Receives a message if there is one: a view of memory that the next call writes again. An empty one is the end: the other side has
 * closed. Undefined means failure, whose cause is in errno (`EAGAIN`: nothing there).
 */
export function receiveMessage(fd: number): Buffer | undefined {
  incoming.controlSize = CONTROL_SIZE;
  const length = sysRecvmsg(fd, incoming.bytes, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0) return undefined;
  const { control } = incoming;
  // Without a control message of its own there is still that of the call before.
  const controlled = incoming.controlSize >= CONTROL_LENGTH && control[CONTROL.length] === CONTROL_LENGTH;
  const carried = controlled && control[CONTROL.type] === SCM_RIGHTS;
  // Truncated means that this process had no descriptor left for it.
  const came = carried && (incoming.flags & MSG_CTRUNC) === 0;
  receivedDescriptor = came ? (control[CONTROL.descriptor] as number) : -1;
  return space.subarray(0, length);
}
