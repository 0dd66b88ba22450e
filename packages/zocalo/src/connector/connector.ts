import { AsyncResource } from 'node:async_hooks';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AcceptedSocket, defaultListenOptions, type Loop } from '../loops/loop.ts';
import { bestMechanism, createLoop, type Mechanism } from '../loops/mechanisms.ts';
import { timerDelay } from '../loops/timer-wheel.ts';
import type { Client } from '../session/client.ts';
import { type Group, Groups } from '../session/groups.ts';
import { defaultSessionLimits, type SessionLimits, shortestTimeoutMs } from '../session/limits.ts';
import type { Protocol } from '../session/protocol.ts';
import type { ServerInfo } from '../session/server-info.ts';
import { Session } from '../session/session.ts';
import type { SessionHost, Traffic } from '../session/session-host.ts';

/** How often it is checked whether connections have closed. */
const RECHECK_INTERVAL_MS = 5;

/** Where to connect to: a host's name or address, and a port. */
export type ConnectTarget = { readonly host: string; readonly port: number };

export type ConnectOptions = {
  /** The longest that connecting may take, in milliseconds. Default 10 s. */
  timeoutMs?: number;
  /** The connection could not be made: `reason` is the system's symbolic error, such as `ECONNREFUSED`. */
  onFailed(reason: string): void;
};

/**
 * Outgoing connections that hold the conversation of a protocol, as those that a server accepts do: same framing, back-pressure
 * and deadlines, on the same loop as the servers of this thread. `Protocol.open` is called when a connection is made, `close`
 * when it is over. Neither is called for one that could not be made.
 */
export class Connector implements ServerInfo {
  readonly #loop: Loop;
  readonly #limits: SessionLimits;
  readonly #traffic: Traffic = { messages: 0, bytesIn: 0, bytesOut: 0 };
  readonly #groups = new Groups();
  /** What cancels each connection that is being made. */
  readonly #attempts = new Set<() => void>();
  readonly waitingClients = 0;
  #onError: (error: unknown) => void;
  readonly #context = new AsyncResource('zocalo.connector');
  #ids = 0;
  #stopped = false;

  private constructor(loop: Loop, limits: SessionLimits, onError: (error: unknown) => void) {
    this.#loop = loop;
    this.#limits = limits;
    this.#onError = onError;
  }

  /**
   * @param onError gets what a handler threw; the conversation in which it did so has ended
   * @param mechanism how it waits, as a server's `model`. Default: `epoll` on Linux, elsewhere `libuv`
   * @throws PlatformError when the mechanism cannot run here
   */
  static async create(
    limits: Partial<SessionLimits>,
    onError: (error: unknown) => void,
    mechanism?: Mechanism,
  ): Promise<Connector> {
    const loop = await createLoop(mechanism ?? (await bestMechanism()));
    return new Connector(loop, { ...defaultSessionLimits, ...limits }, onError);
  }

  /** How many connections are open. */
  get activeClients(): number {
    return this.#loop.load;
  }

  stats(): undefined {}

  group(name: string): Group {
    return this.#groups.group(name);
  }

  /**
   * Connects, and from then on holds the protocol's conversation.
   * @returns cancels the attempt, after which neither `onFailed` nor the protocol is called; later it does nothing
   */
  connect<Frame, State>(
    protocol: Protocol<Frame, State>,
    target: ConnectTarget,
    { timeoutMs = 10_000, onFailed }: ConnectOptions,
  ): () => void {
    let cancelConnect: (() => void) | undefined;
    /** @returns whether the attempt was still under way */
    const finish = (): boolean => {
      clearTimeout(timer);
      return this.#attempts.delete(cancel);
    };
    const cancel = () => {
      if (finish()) cancelConnect?.();
    };
    const fail = (reason: string) => {
      if (finish()) onFailed(reason);
    };
    const timer = setTimeout(() => {
      cancelConnect?.();
      fail('ETIMEDOUT');
    }, timerDelay(timeoutMs));
    this.#attempts.add(cancel);
    const options = { ...defaultListenOptions, writeTimeoutMs: this.#limits.writeTimeoutMs };
    void addressOf(target.host)
      .then((address) => {
        if (!this.#attempts.has(cancel)) return;
        cancelConnect = this.#loop.connect(address, target.port, options, {
          onConnect: (socket) => {
            if (finish()) this.#adopt(protocol, socket, target);
            else socket.close();
          },
          onError: fail,
        });
      })
      .catch((error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    return cancel;
  }

  /** Waits at most so many milliseconds until no connection is open. */
  async waitUntilIdle(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.#loop.load > 0 && performance.now() < deadline) await sleep(RECHECK_INTERVAL_MS);
  }

  /** Cancels connections that are being made, ends conversations, and resolves when all are closed. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const cancel of [...this.#attempts]) cancel();
    await this.#loop.stop();
  }

  #adopt<Frame, State>(
    protocol: Protocol<Frame, State>,
    socket: AcceptedSocket,
    target: ConnectTarget,
  ): void {
    const identity = {
      id: ++this.#ids,
      remoteAddress: socket.remoteAddress,
      remotePort: target.port,
      localPort: socket.localPort,
      dialect: protocol.name,
    };
    const host: SessionHost = {
      clock: this.#loop.clock,
      limits: this.#limits,
      shortestTimeoutMs: shortestTimeoutMs(this.#limits),
      server: this,
      groups: this.#groups,
      context: this.#context,
      traffic: this.#traffic,
      onMessage: undefined,
      finished: () => {},
      failed: (_client: Client<unknown>, error) => this.#onError(error),
    };
    this.#loop.adopt(socket, new Session(protocol, identity, host));
  }
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  return (await lookup(host)).address;
}
