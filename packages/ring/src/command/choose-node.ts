import { Failure, parseTarget, UsageError } from '@zocalo/command';
import { createControlConnector, NodeControl } from '../control/node-control.ts';
import { parseRingConfig, type RingConfig, readRingText } from '../node/ring-config.ts';
import type { NodeAddress } from '../protocol/options.ts';

/** Which node is to run, of which ring, and where. */
export type ChosenNode = {
  place: NodeAddress;
  /** Whether it is one that `ring.toml` does not have. */
  guest: boolean;
  config: RingConfig;
  /** What the ring was read from. */
  text: string;
};

/** What `--id`, `--ring`, `--join` and `--listen` say. */
export async function chooseNode(flags: Readonly<Record<string, unknown>>): Promise<ChosenNode> {
  const { join } = flags;
  if (join !== undefined && flags.ring !== undefined) {
    throw new UsageError('--ring and --join are two ways to say what the ring is: give one of them');
  }
  const file = (flags.ring as string | undefined) ?? 'ring.toml';
  const origin = join === undefined ? file : `the ring at ${join}`;
  const text = join === undefined ? readRingText(file) : await askForRing(join as string);
  const config = parseRingConfig(text, origin);
  return { ...placeIn(config, flags, origin), config, text };
}

function placeIn(
  config: RingConfig,
  { id, listen }: Readonly<Record<string, unknown>>,
  origin: string,
): { place: NodeAddress; guest: boolean } {
  const ids = config.nodes.map((place) => place.id).join(', ');
  if (id === undefined) throw new UsageError(`--id is needed: which node this is; ${origin} has ${ids}`);
  const place = config.nodes.find((each) => each.id === id);
  if (place !== undefined) {
    if (listen === undefined) return { place, guest: false };
    throw new UsageError(`--id ${id} is in ${origin}, which says where it listens: --listen is for others`);
  }
  if (listen === undefined) {
    throw new UsageError(
      `--id ${id} is not in ${origin}, which has ${ids}; a node that joins as a guest needs --listen HOST:PORT`,
    );
  }
  const address = addressIn('--listen', listen as string);
  if (/^(0\.0\.0\.0|::)$/.test(address.host)) {
    throw new UsageError(`--listen ${listen} is no address that the other nodes can reach`);
  }
  return { place: { id: id as number, ...address }, guest: true };
}

function addressIn(flag: string, written: string): { host: string; port: number } {
  const target = parseTarget(written);
  if (target !== undefined && 'port' in target) return target;
  throw new UsageError(`${flag} must be HOST:PORT, not "${written}"`);
}

/** Asks a node of the ring for its `ring.toml`. */
async function askForRing(written: string): Promise<string> {
  const target = addressIn('--join', written);
  const connector = await createControlConnector();
  try {
    const control = await NodeControl.open(connector, { id: -1, ...target });
    if (control === undefined) throw new Failure(`no node can be reached at ${written}`);
    const answer = await control.ask({ command: 'ring' });
    control.end();
    if (answer === undefined) throw new Failure(`what is at ${written} does not answer as a node of a ring`);
    if (!answer.ok) throw new Failure(`the node at ${written} does not tell its ring: ${answer.reason}`);
    if (typeof answer.ring !== 'string') throw new Failure(`the node at ${written} does not tell its ring`);
    return answer.ring;
  } finally {
    await connector.stop();
  }
}
