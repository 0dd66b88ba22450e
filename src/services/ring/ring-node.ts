import type { Client } from '../../protocol/client.ts';
import type { Protocol } from '../../protocol/protocol.ts';
import { type ControlAnswer, decodeRequest, encodeControlAnswer } from './control.ts';
import { ControlType, encodeFrame, ringFraming } from './frame-codec.ts';
import type { Journal } from './journal.ts';
import type { MessageFile } from './message-file.ts';
import type { Effect, Report, Summary } from './protocol/effect.ts';
import type { NodeEvent, TimerName } from './protocol/event.ts';
import type { Frame } from './protocol/frame.ts';
import type { Address } from './protocol/options.ts';
import { createNode, type NodeState } from './protocol/state.ts';
import { step } from './protocol/step.ts';
import { fingerprintOf, type RingConfig, type RingNodePlace } from './ring-config.ts';
import { type NodeStatus, statusOf } from './status.ts';
import { Timers } from './timers.ts';

/** Connects to where a node listens; returns what gives the attempt up. */
export type Dial = (
  protocol: Protocol<Frame>,
  place: RingNodePlace,
  onFailed: (reason: string) => void,
) => () => void;

/** How a node ended. */
export type Ending = { status: 0 | 1; reason: string; summary: Summary };

export type RingNodeOptions = {
  id: number;
  config: RingConfig;
  /** Of a guest, whose ID is not in the configuration: where it listens, for the others to dial. */
  address?: Address | undefined;
  /** The text of `ring.toml`, for guests that ask for it. */
  ringText?: string;
  dial: Dial;
  /** Random, from 1 to 2^32 - 1: this process. */
  instance: number;
  onReport(report: Report): void;
  /** Everything sent has been handed over and the journal is closed. Called once. */
  onEnd(ending: Ending): void;
};

/** Where a node writes down what it must not forget, and what it has to send. */
export type NodeFiles = {
  readonly journal: Pick<Journal, 'append' | 'close' | 'state'>;
  readonly messages: Pick<MessageFile, 'read' | 'close'>;
};

/** What of `ring.toml` surely fits into a frame, as JSON and beside the status. In characters. */
const LONGEST_RING = 20_000;

/** A link: its conversation once there is one, and before that what gives up dialling it. */
type Link = { client: Client<unknown> | undefined; cancel: (() => void) | undefined };

/** What an accepted connection is: a link once it has sent a frame of the ring, which operators' connections never do. */
type Accepted = { link: number };
const UNKNOWN = -1;

/**
 * One node in a real process: hands what happens on links, timers, disk and file to the step function, one event at a time, and carries
 * out what it asks for, in order.
 */
export class RingNode {
  /** What is served where the node listens. */
  readonly protocol: Protocol<Frame, Accepted>;
  readonly #options: RingNodeOptions;
  readonly #node: NodeState;
  readonly #links = new Map<number, Link>();
  readonly #places: ReadonlyMap<number, RingNodePlace>;
  readonly #timers = new Timers((name) => this.#expired(name));
  readonly #events: NodeEvent[] = [];
  /** What it was started with; before that it is deaf. */
  #files: NodeFiles | undefined;
  #handling = false;
  #ended = false;
  #accepted = 1;
  /** Why the command that is being handled was refused. */
  #refusal: string | undefined;

  constructor(options: RingNodeOptions) {
    this.#options = options;
    const { id, config, address } = options;
    this.#places = new Map(config.nodes.map((place) => [place.id, place]));
    this.#node = createNode({
      id,
      ring: config.nodes.map((place) => place.id),
      address,
      fingerprint: fingerprintOf(config),
      window: config.window,
      deputies: config.deputies,
      timing: config.timing,
    });
    this.protocol = {
      name: 'ring',
      framing: ringFraming,
      halfClose: false,
      state: () => ({ link: UNKNOWN }),
      message: (frame, client) => this.#heard(frame, client),
      close: (client) => {
        if (client.state.link !== UNKNOWN) this.#closed(client.state.link, false);
      },
    };
  }

  start(files: NodeFiles): void {
    this.#files = files;
    const { recovered } = files.journal.state;
    this.#happened({ type: 'start', at: performance.now(), instance: this.#options.instance, recovered });
  }

  /** Ends the whole ring. @returns why it cannot, or undefined */
  stop(now: boolean): string | undefined {
    return this.#command({ type: 'stop', at: performance.now(), now });
  }

  /** Takes this node out of the ring. @returns why it cannot, or undefined */
  leave(): string | undefined {
    return this.#command({ type: 'leave', at: performance.now() });
  }

  status(): NodeStatus {
    return statusOf(this.#node);
  }

  /** The journal's records up to this ID are on disk. */
  synced(id: number): void {
    this.#happened({ type: 'synced', at: performance.now(), id });
  }

  /** The node cannot go on: it ends without another word to anybody. */
  fail(reason: string): void {
    this.#end({ status: 1, reason, summary: { ...this.#node.counts } });
  }

  #command(event: NodeEvent): string | undefined {
    this.#refusal = undefined;
    this.#happened(event);
    return this.#refusal;
  }

  /** Events that come while one is being handled wait: a send may close a link at once. */
  #happened(event: NodeEvent): void {
    this.#events.push(event);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        if (this.#ended) continue;
        for (const effect of step(this.#node, next)) this.#carryOut(effect);
      }
    } finally {
      this.#handling = false;
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.link, encodeFrame(effect.frame));
        break;
      case 'set-timer':
        this.#timers.set(`${effect.timer} ${effect.key}`, effect.after);
        break;
      case 'clear-timer':
        this.#timers.clear(`${effect.timer} ${effect.key}`);
        break;
      case 'append':
        this.#files?.journal.append(effect.id, effect.record);
        break;
      case 'dial':
        this.#dial(effect.link, effect.peer, effect.address);
        break;
      case 'close':
        this.#afterHop(() => this.#close(effect.link));
        break;
      case 'read':
        void this.#read(effect.count);
        break;
      case 'report':
        if (effect.report.type === 'command-refused') this.#refusal = effect.report.reason;
        this.#options.onReport(effect.report);
        break;
      case 'exit':
        this.#end(effect);
        break;
    }
  }

  #send(link: number, bytes: Buffer): void {
    if (this.#options.config.hopDelay === 0) this.#links.get(link)?.client?.send(bytes);
    else this.#afterHop(() => this.#links.get(link)?.client?.send(bytes));
  }

  /** Timers of one length run out in the order in which they were set, so frames keep theirs. */
  #afterHop(action: () => void): void {
    const { hopDelay } = this.#options.config;
    if (hopDelay === 0) action();
    else setTimeout(action, hopDelay);
  }

  #dial(link: number, peer: number, address: Address | undefined): void {
    const place = address === undefined ? this.#places.get(peer) : { id: peer, ...address };
    if (place === undefined) throw new RangeError(`there is no node ${peer}`);
    const entry: Link = { client: undefined, cancel: undefined };
    this.#links.set(link, entry);
    const protocol: Protocol<Frame> = {
      name: 'ring',
      framing: ringFraming,
      halfClose: false,
      open: (client): undefined => {
        entry.client = client;
        this.#happened({ type: 'connected', at: performance.now(), link });
      },
      message: (frame): undefined => {
        if (this.#links.has(link)) this.#happened({ type: 'frame', at: performance.now(), link, frame });
      },
      close: () => this.#closed(link, false),
    };
    entry.cancel = this.#options.dial(protocol, place, (reason) =>
      this.#closed(link, reason === 'ECONNREFUSED'),
    );
  }

  #heard(frame: Frame, client: Client<Accepted>): Buffer | undefined {
    if (this.#files === undefined || this.#ended) {
      client.end();
      return undefined;
    }
    if ((frame.type as number) === ControlType.REQUEST) return encodeControlAnswer(this.#answer(frame));
    const { state } = client;
    if (state.link === UNKNOWN) {
      state.link = this.#accepted;
      this.#accepted += 2;
      this.#links.set(state.link, { client, cancel: undefined });
      this.#happened({ type: 'accepted', at: performance.now(), link: state.link });
    }
    if (this.#links.has(state.link)) {
      this.#happened({ type: 'frame', at: performance.now(), link: state.link, frame });
    }
    return undefined;
  }

  #answer(frame: Frame): ControlAnswer {
    const request = decodeRequest(frame);
    if (request.command === 'ring') return this.#tellRing();
    const refusal =
      request.command === 'stop'
        ? this.stop(request.now)
        : request.command === 'leave'
          ? this.leave()
          : undefined;
    return refusal === undefined ? { ok: true, status: this.status() } : { ok: false, reason: refusal };
  }

  #tellRing(): ControlAnswer {
    const { ringText: ring } = this.#options;
    if (ring === undefined) return { ok: false, reason: 'it was started without a ring.toml' };
    if (ring.length > LONGEST_RING) return { ok: false, reason: 'its ring.toml is too long for a frame' };
    return { ok: true, status: this.status(), ring };
  }

  #closed(link: number, refused: boolean): void {
    if (this.#links.delete(link)) this.#happened({ type: 'closed', at: performance.now(), link, refused });
  }

  #close(link: number): void {
    const entry = this.#links.get(link);
    this.#links.delete(link);
    entry?.client?.end();
    entry?.cancel?.();
  }

  #expired(name: string): void {
    const [timer, key] = name.split(' ');
    this.#happened({ type: 'timer', at: performance.now(), timer: timer as TimerName, key: Number(key) });
  }

  async #read(count: number): Promise<void> {
    if (this.#files === undefined) return;
    const { journal, messages: file } = this.#files;
    try {
      const { messages, end } = await file.read(count);
      for (const { number } of messages) journal.state.read(number);
      this.#happened({ type: 'messages', at: performance.now(), messages, end });
    } catch (error) {
      this.fail(`its message file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #end(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timers.stop();
    const finish = async () => {
      for (const link of [...this.#links.keys()]) this.#close(link);
      await Promise.allSettled([this.#files?.journal.close(), this.#files?.messages.close()]);
      this.#options.onEnd(ending);
    };
    this.#afterHop(() => void finish());
  }
}
