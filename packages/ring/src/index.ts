/**
 * A node of a ring inside one's own program, with messages and deliveries of its own, as the benchmark has it. `zocalo ring node` is the
 * same with files and flags.
 *
 * A {@link RingNode} needs a server that serves its `protocol` where the configuration says that it listens, and a function that makes
 * the connections to the other nodes (`Connector` of `zocalo/internal`, which may change between versions). {@link openState} opens the
 * directory with what a node must not forget; `onSynced` of its options is to call {@link RingNode.synced}. {@link RingNode.start}
 * joins the ring, `onEnd` says that it is over.
 */
export type { JournalOptions } from './journal/journal.ts';
export { openState } from './journal/state-directory.ts';
export type { MessageSource } from './node/message-feed.ts';
export { parseRingConfig, type RingConfig, readRingConfig } from './node/ring-config.ts';
export {
  type Connect,
  type NodeExit,
  type NodeFiles,
  RingNode,
  type RingNodeOptions,
} from './node/ring-node.ts';
export type { Report, Summary } from './protocol/effect.ts';
export type { Message } from './protocol/event.ts';
export type { NodeAddress } from './protocol/options.ts';
