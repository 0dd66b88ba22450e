import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, OK } from '@zocalo/command';
import type { Connector } from 'zocalo/internal';
import { askStatus, createControlConnector, NodeControl } from '../control/node-control.ts';
import { type RingConfig, readRingConfig } from '../node/ring-config.ts';
import type { NodeAddress } from '../protocol/options.ts';

/** How often a node that was told to end is asked whether it is still there. */
const RECHECK_INTERVAL_MS = 500;
/** How often it is printed what the end of a ring waits for. */
const REPORT_INTERVAL_MS = 2_000;

/** `zocalo ring stop`. @returns the exit status */
export async function stopRing(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const config = readRingConfig((flags.ring as string | undefined) ?? 'ring.toml');
  const connector = await createControlConnector();
  try {
    const now = flags.now === true;
    const refusals: string[] = [];
    for (const place of coordinatorCandidates(config)) {
      const control = await NodeControl.open(connector, place);
      const answer = await control?.ask({ command: 'stop', now });
      if (control === undefined || answer === undefined) {
        refusals.push(`node ${place.id} does not answer`);
      } else if (!answer.ok) {
        refusals.push(`node ${place.id} refuses: ${answer.reason}`);
        control.end();
      } else {
        await waitUntilClosed(control, place.id, () => describePending(connector, config));
        process.stdout.write(`node ${place.id} has ended the ring\n`);
        return OK;
      }
    }
    throw new Failure(`the ring was not stopped: ${refusals.join('; ')}`);
  } finally {
    await connector.stop();
  }
}

/** Waits until a node that obeys has ended. Asking it repeatedly keeps the connection from being closed as idle. */
async function waitUntilClosed(
  control: NodeControl,
  id: number,
  waiting: () => Promise<string>,
): Promise<void> {
  let warned = false;
  let reported = '';
  let reportAt = performance.now() + REPORT_INTERVAL_MS;
  for (let gone = false; !gone; ) {
    const answer = await control.ask({ command: 'status' });
    const late = answer?.ok === true && !['ring', 'stopping', 'ended'].includes(answer.status.state);
    if (late && !warned) {
      process.stderr.write(`zocalo: node ${id} is in no ring now; it ends the ring when there is one\n`);
      warned = true;
    }
    if (!late && performance.now() >= reportAt) {
      const text = await waiting();
      if (text !== reported && text !== '') process.stderr.write(`zocalo: the ring ends when ${text}\n`);
      reported = text;
      reportAt = performance.now() + REPORT_INTERVAL_MS;
    }
    gone = await Promise.race([
      control.closed.then(() => true),
      sleep(RECHECK_INTERVAL_MS, false, { ref: true }),
    ]);
  }
}

/** What the end of a ring waits for: the messages that have no outcome. */
async function describePending(connector: Connector, { nodes }: RingConfig): Promise<string> {
  const answers = await Promise.all(nodes.map((place) => askStatus(connector, place)));
  const parts = answers.flatMap((status) =>
    status === undefined || (status.queue === 0 && !status.more)
      ? []
      : [`${status.queue}${status.more ? ' or more' : ''} of node ${status.id}`],
  );
  return parts.length === 0 ? '' : `these messages have their outcome: ${parts.join(', ')}`;
}

/** Who may end the ring: node 0, then the deputies. */
function coordinatorCandidates({ nodes, deputies }: RingConfig): NodeAddress[] {
  return [0, ...deputies].flatMap((id) => nodes.find((place) => place.id === id) ?? []);
}
