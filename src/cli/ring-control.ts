import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../protocol/client.ts';
import { Dialler } from '../server/dialler.ts';
import {
  type ControlAnswer,
  type ControlRequest,
  decodeControlAnswer,
  encodeRequest,
} from '../services/ring/control.ts';
import { ringFraming } from '../services/ring/frame-codec.ts';
import type { Frame } from '../services/ring/protocol/frame.ts';
import { type RingConfig, type RingNodePlace, readRingConfig } from '../services/ring/ring-config.ts';
import type { NodeStatus } from '../services/ring/status.ts';
import { FAILED, Failure, OK } from './failure.ts';
import { formatTable } from './table.ts';

/** How long a node may take to be reached, and to answer, in milliseconds. */
const PATIENCE = 2_000;
/** How often it is looked whether a node that was told to end is still there, in milliseconds. */
const LOOK_AGAIN = 500;

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
  static open(dialler: Dialler, place: RingNodePlace): Promise<NodeControl | undefined> {
    return new Promise((resolve) => {
      const closed = Promise.withResolvers<void>();
      let control: NodeControl | undefined;
      dialler.dial<Frame, undefined>(
        {
          name: 'ring-control',
          framing: ringFraming,
          halfClose: false,
          open: (client): undefined => {
            control = new NodeControl(client, closed.promise);
            resolve(control);
          },
          message: (frame): undefined => control?.heard(frame),
          close: () => closed.resolve(),
        },
        place,
        { timeout: PATIENCE, onFailed: () => resolve(undefined) },
      );
    });
  }

  heard(frame: Frame): undefined {
    this.#answered?.(decodeControlAnswer(frame));
  }

  /** Asks, and waits for the answer. @returns undefined when none came in time */
  ask(request: ControlRequest): Promise<ControlAnswer | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), PATIENCE);
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

/** A node that answers something else than an answer loses its connection, and so has not answered. */
export async function createControlDialler(): Promise<Dialler> {
  return Dialler.create({}, () => {});
}

/** `zocalo ring stop`. @returns the exit status */
export async function stopRing(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const config = readRingConfig((flags.ring as string | undefined) ?? 'ring.toml');
  const dialler = await createControlDialler();
  try {
    const now = flags.now === true;
    const refusals: string[] = [];
    for (const place of authorities(config)) {
      const control = await NodeControl.open(dialler, place);
      const answer = await control?.ask({ command: 'stop', now });
      if (control === undefined || answer === undefined) {
        refusals.push(`node ${place.id} does not answer`);
      } else if (!answer.ok) {
        refusals.push(`node ${place.id} refuses: ${answer.reason}`);
        control.end();
      } else {
        await untilGone(control, place.id);
        process.stdout.write(`node ${place.id} has ended the ring\n`);
        return OK;
      }
    }
    throw new Failure(`the ring was not stopped: ${refusals.join('; ')}`);
  } finally {
    await dialler.stop();
  }
}

/** Waits until a node that obeys has ended. Asking it now and then keeps the connection from being taken for an idle one. */
async function untilGone(control: NodeControl, id: number): Promise<void> {
  let told = false;
  for (let gone = false; !gone; ) {
    const answer = await control.ask({ command: 'status' });
    const late = answer?.ok === true && !['ring', 'stopping', 'ended'].includes(answer.status.state);
    if (late && !told) {
      process.stderr.write(`zocalo: node ${id} is in no ring now; it ends the ring when there is one\n`);
      told = true;
    }
    gone = await Promise.race([control.closed.then(() => true), sleep(LOOK_AGAIN, false, { ref: true })]);
  }
}

/** Who may end the ring: node 0, then the deputies. */
function authorities({ nodes, deputies }: RingConfig): RingNodePlace[] {
  return [0, ...deputies].flatMap((id) => nodes.find((place) => place.id === id) ?? []);
}

/** `zocalo ring status`. @returns the exit status */
export async function showStatus(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const config = readRingConfig((flags.ring as string | undefined) ?? 'ring.toml');
  const dialler = await createControlDialler();
  const configured = await Promise.all(config.nodes.map((place) => askStatus(dialler, place)));
  const guests = guestsIn(configured);
  const answers = [...configured, ...(await Promise.all(guests.map((place) => askStatus(dialler, place))))];
  await dialler.stop();
  const head = ['node', 'state', 'view', 'ring', 'tokens', 'queue', 'done', 'undeliverable', 'delivered'];
  const rows = [...config.nodes, ...guests].map(({ id }, index) => rowOf(id, answers[index]));
  process.stdout.write(`${formatTable([head, ...rows]).join('\n')}\n`);
  return answers.includes(undefined) ? FAILED : OK;
}

/** The guests that are in the views of the nodes. */
function guestsIn(answers: readonly (NodeStatus | undefined)[]): RingNodePlace[] {
  const guests = new Map<number, RingNodePlace>();
  for (const status of answers) {
    for (const guest of status?.guests ?? []) {
      if (status?.members.includes(guest.id)) guests.set(guest.id, guest);
    }
  }
  return [...guests.values()].sort((one, other) => one.id - other.id);
}

async function askStatus(dialler: Dialler, place: RingNodePlace): Promise<NodeStatus | undefined> {
  const control = await NodeControl.open(dialler, place);
  const answer = await control?.ask({ command: 'status' });
  control?.end();
  return answer?.ok === true ? answer.status : undefined;
}

function rowOf(id: number, status: NodeStatus | undefined): string[] {
  if (status === undefined) return [`${id}`, 'does not answer', '', '', '', '', '', '', ''];
  const { state, view, members, wrapped, tokens, queue, more, done, undeliverable, delivered } = status;
  return [
    `${id}`,
    state,
    `${view}`,
    members.length === 0 ? '' : `${members.join('-')}${wrapped ? ' wrapped' : ''}`,
    `${tokens}`,
    `${queue}${more ? '+' : ''}`,
    `${done}`,
    `${undeliverable}`,
    `${delivered}`,
  ];
}
