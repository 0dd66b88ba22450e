import { bind, check, lastError } from './libc.ts';
import { AF_INET6, decodeSocketAddress, SOCKADDR_LENGTH, type SocketAddress } from './socket-address.ts';

/** Numbers of `<sys/socket.h>` and `<netinet/in.h>` on Linux; the same on x86-64 and arm64. */
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const MSG_PEEK = 2;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;

const sysSocket =
  bind<(family: number, type: number, protocol: number) => number>('int socket(int, int, int)');
const sysBind = bind<(fd: number, address: Buffer, length: number) => number>('int bind(int, void *, uint)');
const sysListen = bind<(fd: number, backlog: number) => number>('int listen(int, int)');
const sysConnect = bind<(fd: number, address: Buffer, length: number) => number>(
  'int connect(int, void *, uint)',
);
const sysAccept = bind<(fd: number, address: Buffer, length: Buffer, flags: number) => number>(
  'int accept4(int, void *, void *, int)',
);
const sysSetsockopt = bind<
  (fd: number, level: number, name: number, value: Buffer, length: number) => number
>('int setsockopt(int, int, int, void *, uint)');
const sysGetsockopt = bind<
  (fd: number, level: number, name: number, value: Buffer, length: Buffer) => number
>('int getsockopt(int, int, int, void *, void *)');
const sysGetsockname = bind<(fd: number, address: Buffer, length: Buffer) => number>(
  'int getsockname(int, void *, void *)',
);
const sysRecv = bind<(fd: number, into: Uint8Array, length: number, flags: number) => number>(
  'long recv(int, void *, size_t, int)',
);
const sysSend = bind<(fd: number, bytes: Uint8Array, length: number, flags: number) => number>(
  'long send(int, void *, size_t, int)',
);
const sysShutdown = bind<(fd: number, how: number) => number>('int shutdown(int, int)');

/** Closes a descriptor. Never retried: on Linux the number is free even when close(2) reports `EINTR`. */
export const close = bind<(fd: number) => number>('int close(int)');

const sysFcntl = bind<(fd: number, command: number, value: number) => number>('int fcntl(int, int, int)');
const F_DUPFD_CLOEXEC = 1030;

const one = Buffer.from(Uint32Array.of(1).buffer);
const zero = Buffer.alloc(4);
const addressSpace = Buffer.alloc(SOCKADDR_LENGTH);
const addressLength = Buffer.alloc(4);

/**
 * A non-blocking stream socket that listens on an encoded address.
 * @throws SystemCallError when the address is in use, not of this machine, or not permitted
 */
export function listenOn(address: Buffer, backlog: number): number {
  const family = address.readUInt16LE(0);
  const fd = streamSocket(family);
  try {
    check('setsockopt', sysSetsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4));
    if (family === AF_INET6) check('setsockopt', sysSetsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, zero, 4));
    check('bind', sysBind(fd, address, address.length));
    check('listen', sysListen(fd, backlog));
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** A non-blocking stream socket whose connection to an encoded address is made or under way (connect(2)). */
export function connectTo(address: Buffer): number {
  const fd = streamSocket(address.readUInt16LE(0));
  sysConnect(fd, address, address.length);
  return fd;
}

/** How a connection that was under way came out: 0, or the error number (connect(2), socket(7) SO_ERROR). */
export function connectionError(fd: number): number {
  const value = Buffer.alloc(4);
  addressLength.writeUInt32LE(4, 0);
  check('getsockopt', sysGetsockopt(fd, SOL_SOCKET, SO_ERROR, value, addressLength));
  return value.readInt32LE(0);
}

function streamSocket(family: number): number {
  return check('socket', sysSocket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/** Accepts one connection as a non-blocking socket; a negative result is a failure whose cause is in errno. */
export function accept(fd: number): number {
  addressLength.writeUInt32LE(SOCKADDR_LENGTH, 0);
  return sysAccept(fd, addressSpace, addressLength, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/** The other side's address of the connection that {@link accept} has just returned on this thread. */
export function acceptedAddress(): SocketAddress {
  return decodeSocketAddress(addressSpace, addressLength.readUInt32LE(0));
}

/** The address a socket is bound to. */
export function localAddress(fd: number): SocketAddress {
  addressLength.writeUInt32LE(SOCKADDR_LENGTH, 0);
  if (sysGetsockname(fd, addressSpace, addressLength) < 0) throw lastError('getsockname');
  return decodeSocketAddress(addressSpace, addressLength.readUInt32LE(0));
}

/** Sends small packets at once (tcp(7) TCP_NODELAY): a reply must not wait for the acknowledgement of the last. */
export function disableNagle(fd: number): void {
  sysSetsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one, 4);
}

/** Receives into a buffer: the number of bytes, 0 when the other side has finished, negative on failure. */
export function receive(fd: number, into: Uint8Array, length: number): number {
  return sysRecv(fd, into, length, 0);
}

/** How {@link receive} would answer for one byte, without taking it from the socket. */
export function peek(fd: number, into: Uint8Array): number {
  return sysRecv(fd, into, 1, MSG_PEEK);
}

/** Sends bytes without ever raising SIGPIPE: how many the kernel took, negative on failure. */
export function send(fd: number, bytes: Uint8Array, length: number): number {
  return sysSend(fd, bytes, length, MSG_NOSIGNAL);
}

/** Tells the other side that nothing more will be sent (FIN); receiving goes on. */
export function shutdownSending(fd: number): void {
  sysShutdown(fd, SHUT_WR);
}

/** Another descriptor for the same socket. @throws SystemCallError when there is none left */
export function duplicate(fd: number): number {
  return check('fcntl', sysFcntl(fd, F_DUPFD_CLOEXEC, 0));
}
