import type { ConnectAddress } from './test-client.ts';
import { TestProcess } from './test-process.ts';

/** What a flood sends: the same bytes over and over, or once; whatever comes back is read and thrown away. */
export type FloodTask = { where: ConnectAddress; send: string; once?: boolean };

/** A client in a process of its own that sends, or takes, as fast as it can. */
export async function startFlood(
  where: ConnectAddress,
  task: Omit<FloodTask, 'where'>,
): Promise<TestProcess> {
  const flood = new TestProcess('./flood-process.ts', { where, ...task });
  await flood.message<{ connected?: boolean }>(({ connected }) => connected === true);
  return flood;
}
