import { Quota } from '../admission/quota.ts';
import type { ClientIdentity } from '../protocol/client.ts';
import { defaultSessionLimits, type SessionLimits } from '../protocol/limits.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { Session } from '../protocol/session.ts';
import type { Tokens } from '../protocol/session-host.ts';
import { Conversation } from './conversation.ts';
import { MemoryHost } from './memory-host.ts';

/** The limits of the conversation, as on `serve`, and what the protocol sees of its client. */
export type ConverseOptions = Partial<SessionLimits> & {
  /** How many messages the client may send. Default: as many as it likes. */
  quota?: number;
  /** The time in which a spent quota fills up again, in milliseconds. Default: never. */
  quotaRefill?: number;
  /** Default 1. */
  id?: number;
  /** Default `127.0.0.1`. */
  remoteAddress?: string;
  /** Default 50,000. */
  remotePort?: number;
  /** Default 8,080. */
  localPort?: number;
  /** What `client.house.activeClients` says. Default 1. */
  activeClients?: number;
  /** What `client.house.waitingClients` says. Default 0. */
  waitingClients?: number;
};

/**
 * Runs a protocol for one client in memory, without a socket and under a virtual clock: the conversation begins at once, at time
 * 0, and is the one that a server would hold, with the same framing, back-pressure, deadlines and reasons for its end.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { lines } from 'zocalo';
 * import { converse } from 'zocalo/testing';
 *
 * const shout = {
 *   name: 'shout',
 *   framing: lines(),
 *   message: async (line: string) => `${line.toUpperCase()}\n`,
 *   farewell: () => 'bye\n',
 * };
 *
 * const talk = converse(shout, { idleTimeout: 60_000 });
 * talk.send('hel');
 * talk.send('lo\n');
 * assert.equal(await talk.receive(), 'HELLO\n');
 *
 * await talk.advance(60_000);
 * assert.equal(await talk.receive(), 'bye\n');
 * assert.equal(talk.closed, 'idle');
 * ```
 *
 * @throws OptionError for a quota that is not a whole number of 1 or more, or a time to refill it that is not positive
 */
export function converse<Frame, State>(
  protocol: Protocol<Frame, State>,
  options: ConverseOptions = {},
): Conversation<State> {
  const {
    quota,
    quotaRefill = Number.POSITIVE_INFINITY,
    id = 1,
    remoteAddress = '127.0.0.1',
    remotePort = 50_000,
    localPort = 8_080,
    activeClients = 1,
    waitingClients = 0,
    ...limits
  } = options;
  const identity: ClientIdentity = { id, remoteAddress, remotePort, localPort, dialect: protocol.name };
  let tokens: Tokens | undefined;
  if (quota !== undefined) {
    tokens = new Quota({ messages: quota, refillEvery: quotaRefill / quota }, 'connection').admit('', 0);
  }
  const host = new MemoryHost({ ...defaultSessionLimits, ...limits }, { activeClients, waitingClients });
  return new Conversation(new Session(protocol, identity, host, tokens), host);
}
