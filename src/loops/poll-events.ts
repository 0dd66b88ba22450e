import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../sys/poll.ts';
import { FAILED, PEER_FINISHED, READABLE, WRITABLE } from './poller.ts';

/** An interest in the words of poll(2). */
export function toPoll(interest: number): number {
  return (
    (interest & READABLE ? POLLIN : 0) |
    (interest & WRITABLE ? POLLOUT : 0) |
    (interest & PEER_FINISHED ? POLLRDHUP : 0)
  );
}

/** What poll(2) reported, in our words. POLLNVAL is nothing to tell: the descriptor was closed meanwhile. */
export function fromPoll(events: number): number {
  return (
    (events & POLLIN ? READABLE : 0) |
    (events & POLLOUT ? WRITABLE : 0) |
    (events & (POLLERR | POLLHUP) ? FAILED : 0) |
    (events & POLLRDHUP ? PEER_FINISHED : 0)
  );
}
