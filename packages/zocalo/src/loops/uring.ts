import type { SessionPort } from '../session/session-port.ts';
import { POLLIN, POLLOUT } from '../sys/poll.ts';
import { BaseDescriptorLoop } from './base-descriptor-loop.ts';
import { DEFAULT_BUSY_POLL_US, Dispatcher } from './dispatcher.ts';
import { FdSocket } from './fd-socket.ts';
import type {
  AcceptedSocket,
  DescriptorLoop,
  Listener,
  ListenerEvents,
  ListenOptions,
  ListenTarget,
  PendingSocket,
  PendingSocketEvents,
} from './loop.ts';
import { POLL, SharedRing, tagOf } from './shared-ring.ts';
import { UringConnection, type UringConnectionOwner } from './uring-connection.ts';
import { type CompletionHandler, UringDispatcher } from './uring-dispatcher.ts';
import { UringListener } from './uring-listener.ts';
import { UringPendingSocket } from './uring-pending-socket.ts';

/** The most turns in which `receiveAvailable` collects what has arrived. */
const MAX_RECEIVE_TURNS = 1_024;

/** The loop of completions: operations are submitted to a ring, and the kernel reports when they are done. */
class UringLoop extends BaseDescriptorLoop<UringDispatcher> implements DescriptorLoop, UringConnectionOwner {
  readonly mechanism = 'uring';
  readonly ring: SharedRing;

  constructor(dispatcher: UringDispatcher, ring: SharedRing) {
    super(dispatcher);
    this.ring = ring;
  }

  async listen(target: ListenTarget, options: ListenOptions, events: ListenerEvents): Promise<Listener> {
    return new UringListener(target, options, this.dispatcher, this.ring, events);
  }

  hold(socket: AcceptedSocket, events: PendingSocketEvents): PendingSocket {
    return new UringPendingSocket(FdSocket.of(socket), this.dispatcher, this.ring, events);
  }

  watch(fd: number, onReadable: () => void): () => void {
    const poll = this.#poll(fd, POLLIN, () => {
      onReadable();
      poll.submit();
    });
    return poll.end;
  }

  adopt(socket: AcceptedSocket, session: SessionPort): void {
    this.open(new UringConnection(FdSocket.of(socket), session, this));
  }

  /** What has arrived is in the kernel, until it is asked to put it into buffers, of which there are fewer than clients. */
  async receiveAvailable(): Promise<void> {
    // The caller may be in the middle of a turn.
    await Promise.resolve();
    const { ring, dispatcher } = this;
    ring.sameTurn = true;
    try {
      for (let i = 0; i < MAX_RECEIVE_TURNS && (i === 0 || ring.busy); i++) dispatcher.turn();
    } finally {
      ring.sameTurn = false;
    }
  }

  protected override connections(): UringConnection[] {
    return [...this.dispatcher.registrations()].filter(
      (handler): handler is UringConnection => handler instanceof UringConnection && handler.owner === this,
    );
  }

  protected override watchConnect(fd: number, onDone: () => void): () => void {
    const poll = this.#poll(fd, POLLOUT, () => {
      poll.end();
      onDone();
    });
    return poll.end;
  }

  /** Polls a descriptor: `submit` asks for one more event, which is reported at once if it is there already. */
  #poll(fd: number, events: number, onEvent: () => void): { submit(): void; end(): void } {
    const { ring, dispatcher } = this;
    let submitted = false;
    let ended = false;
    const handler: CompletionHandler = {
      fd,
      generation: 0,
      onCompletion() {
        submitted = false;
        onEvent();
      },
    };
    dispatcher.register(handler);
    const submit = () => {
      if (ended) return;
      submitted = true;
      ring.submissions.poll(fd, events, 0, tagOf(fd, POLL), handler.generation);
    };
    submit();
    return {
      submit,
      end() {
        ended = true;
        if (submitted) {
          ring.submissions.cancel(tagOf(fd, POLL), handler.generation);
          ring.enterNow();
        }
        dispatcher.unregister(handler);
      },
    };
  }
}

/** The ring of this thread, while there is one. */
let ring: SharedRing | undefined;

/**
 * A loop that waits in io_uring. All such loops of a thread share one ring.
 * @throws PlatformError when this kernel, or its settings, do not permit it
 */
export function createUringLoop(busyPollUs = DEFAULT_BUSY_POLL_US): UringLoop {
  const dispatcher = Dispatcher.shared('uring', busyPollUs, () => {
    ring = SharedRing.create();
    return new UringDispatcher(ring);
  });
  return new UringLoop(dispatcher, ring as SharedRing);
}
