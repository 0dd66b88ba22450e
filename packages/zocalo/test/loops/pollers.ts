import { describe, type TestContext, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import type { Poller } from '../../src/loops/poller.ts';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/loops/epoll.ts')),
  ...(await import('../../src/loops/scanning-dispatcher.ts')),
  ...(await import('../../src/loops/select.ts')),
  ...(await import('../../src/loops/poll.ts')),
  ...(await import('../../src/loops/sigio.ts')),
  ...(await import('../../src/sys/sockets.ts')),
  ...(await import('../../src/sys/libc.ts')),
  ...(await import('./stream-pairs.ts')),
});
export const sys = linux ? await load() : ({} as never);
type Pairs = InstanceType<typeof sys.StreamPairs>;

/** A poller of the suite, and what differs by nature. */
type Kind = {
  readonly name: string;
  readonly create: () => Poller;
  /** Whether a failure and the end of what a client sends are events of their own, or are readable like bytes. */
  readonly reportsHangUp: boolean;
};
const kinds: readonly Kind[] = [
  { name: 'epoll', create: () => new sys.EpollPoller(), reportsHangUp: true },
  {
    name: 'select',
    create: () => new sys.ScanningPoller(new sys.SelectedSet()),
    reportsHangUp: false,
  },
  { name: 'poll', create: () => new sys.ScanningPoller(new sys.PolledSet()), reportsHangUp: true },
  { name: 'sigio', create: () => new sys.SignalPoller(), reportsHangUp: true },
];

/** Defines a test over a new poller and a source of sockets. */
export type Define = (
  title: string,
  body: (poller: Poller, pairs: Pairs, t: TestContext) => unknown,
  streams?: 'tcp' | 'unix',
) => void;

const defineFor =
  (create: () => Poller): Define =>
  (title, body, streams = 'tcp') =>
    void test(title, async (t) => {
      using pairs = new sys.StreamPairs(streams);
      const poller = create();
      try {
        await body(poller, pairs, t);
      } finally {
        if (poller instanceof sys.EpollPoller || poller instanceof sys.SignalPoller) poller.close();
      }
    });

/** Defines the same tests for every poller. */
export function onEveryPoller(define: (test: Define, kind: Kind) => void): void {
  for (const kind of kinds) {
    const skip = linux ? false : `${kind.name} is a mechanism of Linux`;
    describe(kind.name, { skip }, () => define(defineFor(kind.create), kind));
  }
}

export type Report = { fd: number; generation: number; events: number };

/** Reports of clients: a poller may also report what it watches for itself, under a generation that no client has. */
export function reports(poller: Poller, count: number): Report[] {
  return Array.from({ length: count }, (_, i) => ({
    fd: poller.descriptor(i),
    generation: poller.generation(i),
    events: poller.events(i),
  })).filter(({ generation }) => generation !== -1);
}

/** What is reported now. */
export function poll(poller: Poller): Report[] {
  return reports(poller, poller.poll());
}

/** Polls until something is reported. */
export function first(poller: Poller): Promise<Report[]> {
  return eventually('something is reported', () => {
    const found = poll(poller);
    return found.length > 0 && found;
  });
}
