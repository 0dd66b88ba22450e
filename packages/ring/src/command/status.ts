import { FAILED, formatTable, OK } from '@zocalo/command';
import { askStatus, createControlConnector } from '../control/node-control.ts';
import type { LaneStatus, NodeStatus } from '../control/status.ts';
import { readRingConfig } from '../node/ring-config.ts';
import type { NodeAddress } from '../protocol/options.ts';

/** `zocalo ring status`. @returns the exit status */
export async function showStatus(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const config = readRingConfig((flags.ring as string | undefined) ?? 'ring.toml');
  const connector = await createControlConnector();
  const configured = await Promise.all(config.nodes.map((place) => askStatus(connector, place)));
  const guests = guestsIn(configured);
  const answers = [...configured, ...(await Promise.all(guests.map((place) => askStatus(connector, place))))];
  await connector.stop();
  const rows = [...config.nodes, ...guests].map(({ id }, index) => rowFor(id, answers[index]));
  const lines = [...formatTable([COLUMNS, ...rows]), ...tokenLines(answers)];
  process.stdout.write(`${lines.join('\n')}\n`);
  return answers.includes(undefined) ? FAILED : OK;
}

/** The guests that are in the views of the nodes. */
function guestsIn(answers: readonly (NodeStatus | undefined)[]): NodeAddress[] {
  const guests = new Map<number, NodeAddress>();
  for (const status of answers) {
    for (const guest of status?.guests ?? []) {
      if (status?.members.includes(guest.id)) guests.set(guest.id, guest);
    }
  }
  return [...guests.values()].sort((one, other) => one.id - other.id);
}

const COLUMNS = [
  'node',
  'state',
  'view',
  'ring',
  'clockwise',
  'counter',
  'tokens',
  'queue',
  'done',
  'undeliverable',
  'uncertain',
  'delivered',
];

function rowFor(id: number, status: NodeStatus | undefined): string[] {
  if (status === undefined) return COLUMNS.map((_, column) => [`${id}`, 'does not answer'][column] ?? '');
  const { state, view, members, wrapped, tokens, queue, more, done, undeliverable, uncertain, delivered } =
    status;
  return [
    `${id}`,
    state,
    `${view}`,
    members.length === 0 ? '' : `${members.join('-')}${wrapped ? ' wrapped' : ''}`,
    ...status.lanes.map((lane) => (members.length === 0 || lane.token === 0 ? '' : tokenAt(lane))),
    `${tokens}`,
    `${queue}${more ? '+' : ''}`,
    `${done}`,
    `${undeliverable}`,
    `${uncertain ?? ''}`,
    `${delivered}`,
  ];
}

/** The number of a token when it was last at a node, and whether it is there. */
function tokenAt({ held, resting, token }: LaneStatus): string {
  return `${token}${resting ? ' rests' : held ? ' here' : ''}`;
}

/** Where the two tokens are: at the node that holds it, or else behind the one that had it last. */
function tokenLines(answers: readonly (NodeStatus | undefined)[]): string[] {
  const views = answers.flatMap((status) =>
    status === undefined || status.members.length === 0 ? [] : [status],
  );
  const epoch = Math.max(...views.map((status) => status.epoch));
  const inside = views.filter((status) => status.epoch === epoch);
  return ['clockwise', 'counter-clockwise'].flatMap((name, direction) => {
    const lanes = inside.map(({ id, lanes }) => ({ id, ...(lanes[direction] as LaneStatus) }));
    const last = lanes.reduce((one, other) => (other.token > one.token ? other : one), { id: -1, token: 0 });
    const holder = lanes.find(({ held }) => held);
    if (holder === undefined && last.token === 0) return [];
    const lap = Math.max(...lanes.map(({ rotation }) => rotation));
    const where =
      holder === undefined
        ? `on its way, last at node ${last.id}`
        : `at node ${holder.id}${holder.resting ? ', resting: there is nothing to send' : ''}`;
    return [`${name} token: ${where}; a lap takes ${lap.toFixed(1)} ms`];
  });
}
