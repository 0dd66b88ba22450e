import { type NodeHandle, NodeLoop } from '../sys/node-loop.ts';
import { Dispatcher, type Registration } from './dispatcher.ts';
import type { Operation, SharedRing } from './shared-ring.ts';

/** Gets the completions of the operations that it has submitted. */
export interface CompletionHandler extends Registration {
  /**
   * @param operation the one that was submitted
   * @param result as the system call of the same name would return it; a failure is the negative error number
   * @param flags of the completion: io_uring(7)
   */
  onCompletion(operation: Operation, result: number, flags: number): void;
}

/** Waits inside Node's loop for the completions of a ring, and dispatches them. */
export class UringDispatcher extends Dispatcher<CompletionHandler> {
  readonly #ring: SharedRing;
  protected override readonly handle: NodeHandle;
  #signalled = false;

  /** @throws PlatformError when this program does not export its event loop */
  constructor(ring: SharedRing) {
    super();
    this.#ring = ring;
    ring.onStaged = () => this.schedule();
    this.handle = NodeLoop.current().watch(ring.fd, () => {
      this.#signalled = true;
      this.schedule();
    });
    this.handle.unref();
  }

  register(handler: CompletionHandler): void {
    this.add(handler);
  }

  /** Completions that are still to come are ignored. */
  unregister(handler: CompletionHandler): void {
    this.remove(handler);
  }

  override turn(): void {
    this.#ring.disableSignal(this.#signalled);
    this.#signalled = false;
    super.turn();
  }

  protected override round(): number {
    const shared = this.#ring;
    const { ring } = shared;
    const count = shared.begin();
    for (let i = 0; i < count; i++) {
      const entry = this.registered(shared.takeDescriptor(i), ring.generation(i));
      entry?.onCompletion(shared.operation(i), ring.result(i), ring.flags(i));
    }
    this.resumeQueued();
    shared.submit();
    return count;
  }

  protected override shouldPollAgain(): boolean {
    return this.#ring.ring.hasCompletions;
  }

  protected override prepareToWait(): boolean {
    return !this.#ring.enableSignal();
  }

  protected override close(): void {
    super.close();
    this.#ring.close();
  }
}
