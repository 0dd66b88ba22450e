/** System calls for the packages of this repository: it may change with any release. */
export { EPOLLIN, EPOLLOUT, Epoll, EventBatch } from './epoll.ts';
export { lockFile } from './files.ts';
export { probeIoUring } from './io-uring-probe.ts';
export { bind, check, errno, errnoName, lastError } from './libc.ts';
export { sendMessage } from './message-socket.ts';
export { exitImmediately } from './process.ts';
export { type SignalWatch, signalArrived, watchSignals } from './signal-watch.ts';
export { AF_UNIX, encodeIpAddress, encodeUnixAddress } from './socket-address.ts';
export { disableNagle } from './socket-options.ts';
export {
  accept,
  close,
  listenOn,
  localAddress,
  receive,
  send,
  sendWithoutWaiting,
  setBlocking,
  startConnect,
} from './sockets.ts';
