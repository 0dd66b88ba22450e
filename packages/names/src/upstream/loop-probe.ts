import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { classes, types } from '../dns/constants.ts';
import { formatUpstream, type UpstreamAddress } from './upstream-address.ts';
import { Upstreams } from './upstreams.ts';

/** When an upstream that did not answer is asked again: it may be started after this server. */
const RETRY_INTERVAL_MS = 60_000;

/**
 * Finds forwarding loops: each upstream is asked once for a name that no client asks for, and when the question comes to this server, the upstream asks
 * this server what it is asked, directly or through others. The name is one that exists nowhere, and that servers do forward (RFC 2606 section 3 reserves its
 * last label).
 */
export class LoopProbe {
  readonly #found: (upstream: UpstreamAddress) => void;
  readonly #pending = new Map<string, UpstreamAddress>();
  #stopping = new AbortController();

  /** @param found is called with each upstream that leads here, once a probe */
  constructor(found: (upstream: UpstreamAddress) => void) {
    this.#found = found;
  }

  /** Asks upstreams, each until it has answered, and those of before no more. */
  probe(addresses: readonly UpstreamAddress[]): void {
    this.stop();
    this.#pending.clear();
    this.#stopping = new AbortController();
    // Every upstream has a listener.
    setMaxListeners(0, this.#stopping.signal);
    for (const address of addresses) void this.#probe(address);
  }

  /** Whether a question is a probe of ours that has come back; each is reported once. */
  detectReturn(name: string): boolean {
    const key = name.toLowerCase();
    const upstream = this.#pending.get(key);
    if (upstream === undefined) return false;
    this.#pending.delete(key);
    this.#found(upstream);
    return true;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #probe(address: UpstreamAddress): Promise<void> {
    const { signal } = this.#stopping;
    const name = `zocalo-loop-${randomBytes(8).toString('hex')}.example`;
    this.#pending.set(name, address);
    const upstreams = new Upstreams({ addresses: [address] });
    const stop = () => upstreams.stop();
    signal.addEventListener('abort', stop);
    while (this.#pending.has(name) && !signal.aborted) {
      try {
        await upstreams.ask({ name, type: types.A, class: classes.IN });
        this.#pending.delete(name);
      } catch {
        await sleep(RETRY_INTERVAL_MS, undefined, { ref: false, signal }).catch(() => {});
      }
    }
    signal.removeEventListener('abort', stop);
  }
}

/** A message for the operator: what to do about a loop. */
export function loopMessage(upstream: UpstreamAddress): string {
  return (
    `the upstream ${formatUpstream(upstream)} asks this server what this server asks it: a forwarding loop, so that what is neither in the ` +
    'hosts file nor in the cache cannot be answered; let it ask others, or give another with --upstream'
  );
}
