import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DeliveryLog } from './delivery-log.ts';
import { Journal, type JournalOptions } from './journal.ts';

/** The file of a state directory in which the delivered messages are, for people and programs to read. */
export const DELIVERIES_FILE = 'deliveries.log';

/**
 * Opens the state directory of a node, or makes it. Only the process that listens at the node's address may: that is what keeps two of
 * them apart.
 * @throws JournalError when it is damaged or another node's; errors of node:fs
 */
export function openState(
  directory: string,
  id: number,
  options: JournalOptions,
  newIncarnation: () => number,
): Journal {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return new Journal(
    directory,
    id,
    new DeliveryLog(join(directory, DELIVERIES_FILE)),
    options,
    newIncarnation,
  );
}
