import type { Client, Protocol } from 'zocalo';
import { type ControlAnswer, decodeRequest, encodeControlAnswer } from '../control/messages.ts';
import { type NodeStatus, statusOf } from '../control/status.ts';
import type { Journal } from '../journal/journal.ts';
import type { Effect, Report, Summary } from '../protocol/effect.ts';
import type { NodeEvent, TimerName } from '../protocol/event.ts';
import type { Frame } from '../protocol/frame.ts';
import { ControlType, encodeFrame } from '../protocol/frame-codec.ts';
import type { Address, NodeAddress } from '../protocol/options.ts';
import { createNode, type NodeState } from '../protocol/state.ts';
import { step } from '../protocol/step.ts';
import { MessageFeed, type MessageSource } from './message-feed.ts';
import { type ReceivedFrame, receivedFraming } from './partial-frames.ts';
import { fingerprintOf, type RingConfig } from './ring-config.ts';
import { Timers } from './timers.ts';

/** Connects to where a node listens. @returns a function that gives up the attempt */
export type Connect = (
  protocol: Protocol<ReceivedFrame>,
  place: NodeAddress,
  onFailed: (reason: string) => void,
) => () => void;

/** How a node ended. */
export type NodeExit = { status: 0 | 1; reason: string; summary: Summary };

export type RingNodeOptions = {
  id: number;
  config: RingConfig;
  /** Of a guest, whose ID is not in the configuration: where it listens, for the others to connect to. */
  address?: Address | undefined;
  /** The text of `ring.toml`, for guests that ask for it. */
  ringText?: string;
  connect: Connect;
  /** Random, from 1 to 2^32 - 1: this process. */
  instance: number;
  /** Whether the message file is read on as it grows. Default false. */
  follow?: boolean;
  onReport(report: Report): void;
  /** The message file is followed, and cannot be read on at present; undefined when it can again. */
  onFileProblem?(reason: string | undefined): void;
  /** Everything sent has been handed over and the journal is closed. Called once. */
  onEnd(exit: NodeExit): void;
};

/** Where a node records what it must not forget, and what it has to send. */
export type NodeFiles = {
  readonly journal: Pick<Journal, 'append' | 'close' | 'state'>;
  readonly messages: MessageSource;
};

/** What of `ring.toml` surely fits into a frame, as JSON and beside the status. In characters. */
const MAX_RING_TEXT_LENGTH = 20_000;

/** A link: its client once it is connected, and before that a function that gives up connecting. */
type Link = { client: Client<unknown> | undefined; cancel: (() => void) | undefined };

/** What an accepted connection is: a link once it has sent a frame of the ring, which operators' connections never do. */
type Accepted = { link: number };
const NO_LINK = -1;

/**
 * One node in a real process: passes events of links, timers, disk and file to the step function, one at a time, and carries out the
 * effects in order.
 */
export class RingNode {
  /** What is served where the node listens. */
  readonly protocol: Protocol<ReceivedFrame, Accepted>;
  readonly #options: RingNodeOptions;
  readonly #node: NodeState;
  readonly #links = new Map<number, Link>();
  readonly #places: ReadonlyMap<number, NodeAddress>;
  readonly #timers = new Timers((name) => this.#timerExpired(name));
  readonly #events: NodeEvent[] = [];
  /** What it was started with; before that it refuses connections. */
  #files: NodeFiles | undefined;
  #feed: MessageFeed | undefined;
  #handling = false;
  #ended = false;
  #nextAcceptedLink = 1;
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
      framing: receivedFraming,
      halfClose: false,
      state: () => ({ link: NO_LINK }),
      message: (received, client) => this.#receive(received, client),
      close: (client) => {
        if (client.state.link !== NO_LINK) this.#linkClosed(client.state.link, false);
      },
    };
  }

  start(files: NodeFiles): void {
    this.#files = files;
    const { follow = false, onFileProblem } = this.#options;
    this.#feed = new MessageFeed(files.messages, {
      follow,
      onMessages: (messages, end) => {
        for (const { number, digest = 0 } of messages) files.journal.state.read(number, digest);
        this.#handle({ type: 'messages', at: performance.now(), messages, end });
      },
      onProblem: (reason) => onFileProblem?.(reason),
      onFailed: (reason) => this.fail(reason),
      isEnding: () => this.#node.draining || this.#node.departing,
    });
    const { recovered } = files.journal.state;
    this.#handle({ type: 'start', at: performance.now(), instance: this.#options.instance, recovered });
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
    this.#handle({ type: 'synced', at: performance.now(), id });
  }

  /** The node cannot go on: it ends without announcing it. */
  fail(reason: string): void {
    this.#end({ status: 1, reason, summary: { ...this.#node.counts } });
  }

  #command(event: NodeEvent): string | undefined {
    this.#refusal = undefined;
    this.#handle(event);
    return this.#refusal;
  }

  /** Events that come while one is being handled wait: a send may close a link at once. */
  #handle(event: NodeEvent): void {
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
        this.#timers.set(`${effect.timer} ${effect.key}`, effect.afterMs);
        break;
      case 'clear-timer':
        this.#timers.clear(`${effect.timer} ${effect.key}`);
        break;
      case 'append':
        this.#files?.journal.append(effect.id, effect.record);
        break;
      case 'connect':
        this.#connect(effect.link, effect.peer, effect.address);
        break;
      case 'close':
        this.#afterHop(() => this.#close(effect.link));
        break;
      case 'read':
        void this.#feed?.read(effect.count);
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
    if (this.#options.config.hopDelayMs === 0) this.#links.get(link)?.client?.send(bytes);
    else this.#afterHop(() => this.#links.get(link)?.client?.send(bytes));
  }

  /** Timers of one length run out in the order in which they were set, so frames keep theirs. */
  #afterHop(action: () => void): void {
    const { hopDelayMs } = this.#options.config;
    if (hopDelayMs === 0) action();
    else setTimeout(action, hopDelayMs);
  }

  #connect(link: number, peer: number, address: Address | undefined): void {
    const place = address === undefined ? this.#places.get(peer) : { id: peer, ...address };
    if (place === undefined) throw new RangeError(`there is no node ${peer}`);
    const entry: Link = { client: undefined, cancel: undefined };
    this.#links.set(link, entry);
    const protocol: Protocol<ReceivedFrame> = {
      name: 'ring',
      framing: receivedFraming,
      halfClose: false,
      open: (client): undefined => {
        entry.client = client;
        this.#handle({ type: 'connected', at: performance.now(), link });
      },
      message: ({ frame }): undefined => {
        if (this.#links.has(link)) this.#handle({ type: 'frame', at: performance.now(), link, frame });
      },
      close: () => this.#linkClosed(link, false),
    };
    entry.cancel = this.#options.connect(protocol, place, (reason) =>
      this.#linkClosed(link, reason === 'ECONNREFUSED'),
    );
  }

  #receive({ frame, input }: ReceivedFrame, client: Client<Accepted>): Buffer | undefined {
    if (this.#files === undefined || this.#ended) {
      client.end();
      return undefined;
    }
    if ((frame.type as number) === ControlType.REQUEST) return encodeControlAnswer(this.#answer(frame));
    const { state } = client;
    if (state.link === NO_LINK) {
      state.link = this.#nextAcceptedLink;
      this.#nextAcceptedLink += 2;
      const { link } = state;
      this.#links.set(link, { client, cancel: undefined });
      this.#handle({ type: 'accepted', at: performance.now(), link });
      input.onPart = () => {
        if (this.#links.has(link)) this.#handle({ type: 'partial', at: performance.now(), link });
      };
    }
    if (this.#links.has(state.link)) {
      this.#handle({ type: 'frame', at: performance.now(), link: state.link, frame });
    }
    return undefined;
  }

  #answer(frame: Frame): ControlAnswer {
    const request = decodeRequest(frame);
    if (request.command === 'ring') return this.#answerRing();
    const refusal =
      request.command === 'stop'
        ? this.stop(request.now)
        : request.command === 'leave'
          ? this.leave()
          : undefined;
    return refusal === undefined ? { ok: true, status: this.status() } : { ok: false, reason: refusal };
  }

  #answerRing(): ControlAnswer {
    const { ringText: ring } = this.#options;
    if (ring === undefined) return { ok: false, reason: 'it was started without a ring.toml' };
    if (ring.length > MAX_RING_TEXT_LENGTH)
      return { ok: false, reason: 'its ring.toml is too long for a frame' };
    return { ok: true, status: this.status(), ring };
  }

  #linkClosed(link: number, refused: boolean): void {
    if (this.#links.delete(link)) this.#handle({ type: 'closed', at: performance.now(), link, refused });
  }

  #close(link: number): void {
    const entry = this.#links.get(link);
    this.#links.delete(link);
    entry?.client?.end();
    entry?.cancel?.();
  }

  #timerExpired(name: string): void {
    const [timer, key] = name.split(' ');
    this.#handle({ type: 'timer', at: performance.now(), timer: timer as TimerName, key: Number(key) });
  }

  /** The highest number of a message without outcome that may have arrived. */
  #uncertainThrough(): number {
    return Math.max(
      0,
      ...this.#node.queue.map(({ number, uncertain, inFlight }) => (uncertain || inFlight ? number : 0)),
    );
  }

  #end(exit: NodeExit): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timers.stop();
    this.#feed?.stop();
    const finish = async () => {
      for (const link of [...this.#links.keys()]) this.#close(link);
      await Promise.allSettled([this.#files?.journal.close(this.#uncertainThrough()), this.#feed?.close()]);
      this.#options.onEnd(exit);
    };
    this.#afterHop(() => void finish());
  }
}
