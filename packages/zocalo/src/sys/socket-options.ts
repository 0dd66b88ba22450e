import { bind } from './libc.ts';

/** Numbers of `<sys/socket.h>`, `<netinet/tcp.h>` and `<asm-generic/ioctls.h>` on Linux; the same on x86-64 and arm64. */
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_USER_TIMEOUT = 18;
const TCP_NOTSENT_LOWAT = 25;
const SIOCOUTQ = 0x5411;

/** How many probes go unanswered before the other side is taken to be gone, and how many of them fit into the time before the first. */
const PROBES = { unanswered: 3, inTheFirst: 6 };

const sysSetsockopt = bind<
  (fd: number, level: number, name: number, value: Buffer, length: number) => number
>('int setsockopt(int, int, int, void *, uint)');
const sysIoctl = bind<(fd: number, request: number, value: Buffer) => number>(
  'int ioctl(int, ulong, void *)',
);

/** How the kernel keeps a connection. Times are in milliseconds, sizes in bytes. */
export type SocketOptions = {
  /** The silence after which the kernel asks whether the other side is still there; `Infinity`: never. */
  readonly keepAliveMs: number;
  /** How long a client may take nothing of what it is sent; `Infinity`: as long as the system waits. */
  readonly writeTimeoutMs: number;
  /** How much may stand in the kernel that has not been sent; `Infinity`: as the system has it. */
  readonly maxUnsent: number;
  /** SO_SNDBUF and SO_RCVBUF (socket(7)); undefined: the kernel chooses. */
  readonly sendBuffer: number | undefined;
  readonly receiveBuffer: number | undefined;
};

const word = Buffer.alloc(4);

/**
 * Sets the options of a socket. What a listening one accepts inherits them. A kernel that does not know one of them goes without it.
 *
 * A silent connection is closed after {@link PROBES} that go unanswered, which is half as long again as `keepAliveMs`. One that does not
 * acknowledge what it is sent, or takes none of it, is closed after TCP_USER_TIMEOUT, also when only the kernel still has output to send.
 * That is later than its session closes it, and reports why. Of a silent one it takes the place of the
 * number of probes (tcp(7)): so it is as long as these are, and where that is too short for `writeTimeoutMs` there is none.
 */
export function setSocketOptions(fd: number, options: SocketOptions, isUnix: boolean): void {
  const { keepAliveMs, writeTimeoutMs, maxUnsent, sendBuffer, receiveBuffer } = options;
  if (sendBuffer !== undefined) set(fd, SOL_SOCKET, SO_SNDBUF, sendBuffer);
  if (receiveBuffer !== undefined) set(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
  if (isUnix) return;
  disableNagle(fd);
  let silenceMs: number | undefined;
  if (keepAliveMs < Number.POSITIVE_INFINITY) {
    const idleSeconds = Math.ceil(keepAliveMs / 1_000);
    const intervalSeconds = Math.ceil(idleSeconds / PROBES.inTheFirst);
    silenceMs = 1_000 * (idleSeconds + PROBES.unanswered * intervalSeconds);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idleSeconds);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, intervalSeconds);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES.unanswered);
  }
  const sessionTimeoutMs = Math.ceil(2 * writeTimeoutMs);
  const userTimeoutMs = silenceMs ?? sessionTimeoutMs;
  if (userTimeoutMs >= sessionTimeoutMs && userTimeoutMs <= MAX_TIMEOUT_MS)
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeoutMs);
  if (maxUnsent < Number.POSITIVE_INFINITY) set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, maxUnsent);
}

/** What fits into an int: 24 days. */
const MAX_TIMEOUT_MS = 0x7fff_ffff;

/** Sends small packets at once (tcp(7) TCP_NODELAY): a reply must not wait for the acknowledgement of the last. */
export function disableNagle(fd: number): void {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/** How much of what the kernel has taken to send the other side has not acknowledged (tcp(7)) or, of a Unix socket, not read; 0 on failure. */
export function unacknowledged(fd: number): number {
  return sysIoctl(fd, SIOCOUTQ, word) < 0 ? 0 : word.readInt32LE(0);
}

function set(fd: number, level: number, name: number, value: number): void {
  word.writeInt32LE(value, 0);
  sysSetsockopt(fd, level, name, word, 4);
}
