import { constants } from 'node:os';
import { bind, check, errno, lastError } from './libc.ts';
import {
  AF_INET6,
  AF_UNIX,
  decodeSocketAddress,
  SOCKADDR_LENGTH,
  type SocketAddress,
} from './socket-address.ts';
import { type SocketOptions, setSocketOptions } from './socket-options.ts';

/** Numbers of `<sys/socket.h>` and `<netinet/in.h>` on Linux; the same on x86-64 and arm64. */
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const MSG_PEEK = 2;
const MSG_DONTWAIT = 0x40;
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

const sysFchmod = bind<(fd: number, mode: number) => number>('int fchmod(int, uint)');
const sysFcntl = bind<(fd: number, command: number, value: number) => number>('int fcntl(int, int, int)');
const F_DUPFD_CLOEXEC = 1030;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = SOCK_NONBLOCK;

const one = Buffer.from(Uint32Array.of(1).buffer);
const zero = Buffer.alloc(4);
const addressSpace = Buffer.alloc(SOCKADDR_LENGTH);
const addressLength = Buffer.alloc(4);

/** How a socket is bound and listened on, where not by default. */
export type ListenSettings = {
  /** For the connections. */
  readonly options?: SocketOptions;
  /** Whether others may listen on the same port (socket(7), SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** Whether an IPv6 address takes no IPv4 clients (ipv6(7), IPV6_V6ONLY). */
  readonly ipv6Only?: boolean;
  /** The most permissions that the file of a Unix socket ever has; the umask removes more. */
  readonly mode?: number | undefined;
};

/**
 * A non-blocking stream socket that listens on an encoded address.
 * @throws SystemCallError when the address is in use, not of this machine, or not permitted
 */
export function listenOn(address: Buffer, backlog: number, how: ListenSettings = {}): number {
  const family = address.readUInt16LE(0);
  const fd = streamSocket(family);
  try {
    if (family === AF_UNIX) {
      // The file is made with the permissions of the socket (unix_bind_bsd in the kernel's net/unix/af_unix.c).
      if (how.mode !== undefined) check('fchmod', sysFchmod(fd, how.mode));
    } else {
      setFlag(fd, SOL_SOCKET, SO_REUSEADDR, true);
      if (how.reusePort === true) setFlag(fd, SOL_SOCKET, SO_REUSEPORT, true);
      if (family === AF_INET6) setFlag(fd, IPPROTO_IPV6, IPV6_V6ONLY, how.ipv6Only === true);
    }
    if (how.options !== undefined) setSocketOptions(fd, how.options, family === AF_UNIX);
    check('bind', sysBind(fd, address, address.length));
    check('listen', sysListen(fd, backlog));
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** A non-blocking stream socket whose connection to an encoded address is made or under way (connect(2)). */
export function startConnect(address: Buffer): number {
  const fd = streamSocket(address.readUInt16LE(0));
  sysConnect(fd, address, address.length);
  return fd;
}

/** The result of a connection that was being made: 0, or the error number (connect(2), socket(7) SO_ERROR). */
export function connectionError(fd: number): number {
  const value = Buffer.alloc(4);
  addressLength.writeUInt32LE(4, 0);
  check('getsockopt', sysGetsockopt(fd, SOL_SOCKET, SO_ERROR, value, addressLength));
  return value.readInt32LE(0);
}

function setFlag(fd: number, level: number, name: number, on: boolean): void {
  check('setsockopt', sysSetsockopt(fd, level, name, on ? one : zero, 4));
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

/** Receives into a buffer: the number of bytes, 0 when the other side has finished, negative on failure. */
export function receive(fd: number, into: Uint8Array, length: number): number {
  return sysRecv(fd, into, length, 0);
}

/** What {@link receive} would return for one byte, without taking it from the socket. */
export function peek(fd: number, into: Uint8Array): number {
  return sysRecv(fd, into, 1, MSG_PEEK);
}

/** Sends bytes without ever raising SIGPIPE: how many the kernel took, negative on failure. */
export function send(fd: number, bytes: Uint8Array, length: number): number {
  return sysSend(fd, bytes, length, MSG_NOSIGNAL);
}

/**
 * Sends on a socket that may be blocking, as one that came with this process may be, without waiting.
 * @returns how many bytes the kernel took, 0 when there is no room now
 * @throws SystemCallError when the other side is gone
 */
export function sendWithoutWaiting(fd: number, bytes: Uint8Array): number {
  const sent = sysSend(fd, bytes, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 && errno() === constants.errno.EAGAIN ? 0 : check('send', sent);
}

/** Signals the end of what is sent (FIN); receiving continues. */
export function shutdownSending(fd: number): void {
  sysShutdown(fd, SHUT_WR);
}

/** Another descriptor for the same socket. @throws SystemCallError when there is none left */
export function duplicate(fd: number): number {
  return check('fcntl', sysFcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/**
 * Makes operations on a descriptor wait (fcntl(2)). io_uring needs it so: what would block waits inside the kernel, without a thread,
 * but on a descriptor with O_NONBLOCK it fails with `EAGAIN` instead.
 */
export function setBlocking(fd: number): void {
  const flags = sysFcntl(fd, F_GETFL, 0);
  if ((flags & O_NONBLOCK) !== 0) sysFcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}
