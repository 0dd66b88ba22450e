import koffi from 'koffi';
import { bind, check } from './libc.ts';

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
export const LONGEST_MESSAGE = 65_536;
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
 * `struct msghdr` of a 64-bit Linux, 56 bytes: name, its length, iovec (16), count of iovecs (24), control (32), its length (40),
 * flags (48). A control message that carries one descriptor: length (20), level, type, the descriptor; padded to 24 bytes (cmsg(3)).
 */
const CONTROL_SIZE = 24;
const CONTROL_LENGTH = 20;
const control = Buffer.alloc(CONTROL_SIZE);
const vector = Buffer.alloc(16);
const header = Buffer.alloc(56);
const space = Buffer.alloc(LONGEST_MESSAGE);
header.writeBigUInt64LE(koffi.address(vector), 16);
header.writeBigUInt64LE(1n, 24);

/**
 * Sends a message, and a copy of a descriptor with it, unless that is negative.
 * @param wait whether to wait for room
 * @returns a negative number on failure, whose cause is in errno
 */
export function sendMessage(fd: number, message: Uint8Array, descriptor: number, wait: boolean): number {
  vector.writeBigUInt64LE(koffi.address(message), 0);
  vector.writeBigUInt64LE(BigInt(message.length), 8);
  if (descriptor < 0) useControl(0);
  else {
    useControl(CONTROL_SIZE);
    control.writeBigUInt64LE(BigInt(CONTROL_LENGTH), 0);
    control.writeInt32LE(SOL_SOCKET, 8);
    control.writeInt32LE(SCM_RIGHTS, 12);
    control.writeInt32LE(descriptor, 16);
  }
  return sysSendmsg(fd, header, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
}

/** The descriptor that came with the message that {@link receiveMessage} has just returned on this thread; -1 when none did. */
export let receivedDescriptor = -1;

/**
 * Receives a message if there is one: a view of memory that the next call writes again. An empty one is the end: the other side has
 * closed. Undefined means failure, whose cause is in errno (`EAGAIN`: nothing there).
 */
export function receiveMessage(fd: number): Buffer | undefined {
  vector.writeBigUInt64LE(koffi.address(space), 0);
  vector.writeBigUInt64LE(BigInt(LONGEST_MESSAGE), 8);
  useControl(CONTROL_SIZE);
  control.fill(0);
  const length = sysRecvmsg(fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0) return undefined;
  const carried = control.readInt32LE(12) === SCM_RIGHTS && control.readUInt32LE(0) === CONTROL_LENGTH;
  // Truncated means that this process had no descriptor left for it.
  receivedDescriptor = carried && (header.readInt32LE(48) & MSG_CTRUNC) === 0 ? control.readInt32LE(16) : -1;
  return space.subarray(0, length);
}

function useControl(size: number): void {
  header.writeBigUInt64LE(size === 0 ? 0n : koffi.address(control), 32);
  header.writeBigUInt64LE(BigInt(size), 40);
}
