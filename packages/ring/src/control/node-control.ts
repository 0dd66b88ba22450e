import type { Client } from 'zocalo';
import { Connector } from 'zocalo/internal';
import type { Frame } from '../protocol/frame.ts';
import { ringFraming } from '../protocol/frame-codec.ts';
import type { NodeAddress } from '../protocol/options.ts';
import { type ControlAnswer, type ControlRequest, decodeControlAnswer, encodeRequest } from './messages.ts';
import type { NodeStatus } from './status.ts';

/** How long connecting may take, and an answer. */
const TIMEOUT_MS = 2_000;

/** An operator's connection to a node. */
export class NodeControl {
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  readonly #client: Client;
  #answered: ((answer: ControlAnswer | undefined) => void) | undefined;

  private constructor(client: Client, closed: Promise<void>) {
    this.#client = client;
    this.closed = closed;
    void closed.then(() => this.#answered?.(undefined));
  }

  /** Connects to a node. @returns undefined when it cannot be reached */
  static open(connector: Connector, place: NodeAddress): Promise<NodeControl | undefined> {
    return new Promise((resolve) => {
      const closed = Promise.withResolvers<void>();
      let control: NodeControl | undefined;
      connector.connect<Frame, undefined>(
        {
          name: 'ring-control',
          framing: ringFraming,
          halfClose: false,
          open: (client): undefined => {
            control = new NodeControl(client, closed.promise);
            resolve(control);
          },
          message: (frame): undefined => control?.receive(frame),
          close: () => closed.resolve(),
        },
        place,
        { timeoutMs: TIMEOUT_MS, onFailed: () => resolve(undefined) },
      );
    });
  }

  receive(frame: Frame): undefined {
    this.#answered?.(decodeControlAnswer(frame));
  }

  /** Asks, and waits for the answer. @returns undefined when none came in time */
  ask(request: ControlRequest): Promise<ControlAnswer | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), TIMEOUT_MS);
      this.#answered = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#client.send(encodeRequest(request));
    });
  }

  end(): void {
    this.#client.end();
  }
}

/** A node that sends anything else than an answer loses its connection, and so has not answered. */
export async function createControlConnector(): Promise<Connector> {
  return Connector.create({}, () => {});
}

/** What a node answers about itself. @returns undefined when it does not answer */
export async function askStatus(connector: Connector, place: NodeAddress): Promise<NodeStatus | undefined> {
  const control = await NodeControl.open(connector, place);
  const answer = await control?.ask({ command: 'status' });
  control?.end();
  return answer?.ok === true ? answer.status : undefined;
}
