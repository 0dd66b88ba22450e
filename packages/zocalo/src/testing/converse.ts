import { Quota } from '../admission/quota.ts';
import { OptionError } from '../errors.ts';
import { mustBe, onlyOptions, positiveTime, text, whole } from '../option-checks.ts';
import type { ClientIdentity } from '../session/client.ts';
import { limitNames, resolveLimits, type SessionLimits } from '../session/limits.ts';
import type { Protocol } from '../session/protocol.ts';
import { protocolFault } from '../session/protocol-fault.ts';
import type { ServerInfo } from '../session/server-info.ts';
import { Session } from '../session/session.ts';
import type { Tokens } from '../session/session-host.ts';
import { Conversation } from './conversation.ts';
import { MemoryHost } from './memory-host.ts';
import { MemoryServerInfo } from './memory-server-info.ts';

/** The limits of the conversation, as on `serve`, and what the protocol sees of its client. */
export type ConverseOptions = Partial<SessionLimits> & {
  /** How many messages the client may send. Default: no limit. */
  quota?: number;
  /** The time in which a spent quota fills up again, in milliseconds. Default: never. */
  quotaRefillMs?: number;
  /** Default 1; in a shared server, the next number. */
  id?: number;
  /** Default `127.0.0.1`. */
  remoteAddress?: string;
  /** Default 50,000. */
  remotePort?: number;
  /** Default 8,080. */
  localPort?: number;
  /** The value of `client.server.activeClients`. Default: how many conversations go on in this server, which is 1. */
  activeClients?: number;
  /** The value of `client.server.waitingClients`. Default 0. */
  waitingClients?: number;
  /**
   * The server of another conversation, `other.client.server`: both clients are then in one server, and can be in one group. Time passes for
   * each by itself. Default: a server of its own.
   */
  server?: ServerInfo;
};

/** Every option has its line here, or this does not compile. */
const ownOptions: Readonly<Record<Exclude<keyof ConverseOptions, keyof SessionLimits>, true>> = {
  quota: true,
  quotaRefillMs: true,
  id: true,
  remoteAddress: true,
  remotePort: true,
  localPort: true,
  activeClients: true,
  waitingClients: true,
  server: true,
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
 * const talk = converse(shout, { idleTimeoutMs: 60_000 });
 * talk.send('hel');
 * talk.send('lo\n');
 * assert.equal(await talk.receive(), 'HELLO\n');
 *
 * await talk.advance(60_000);
 * assert.equal(await talk.receive(), 'bye\n');
 * assert.equal(talk.closed, 'idle');
 * ```
 *
 * @throws OptionError for something that is no protocol, and for an option that cannot be used, or that there is not
 */
export function converse<Frame, State>(
  protocol: Protocol<Frame, State>,
  options: ConverseOptions = {},
): Conversation<State> {
  const fault = protocolFault(protocol, 'it');
  if (fault !== undefined) throw new OptionError(`this cannot be conversed with as a protocol: ${fault}`);
  onlyOptions('converse', options, [...Object.keys(ownOptions), ...limitNames]);
  const { quota, quotaRefillMs = Number.POSITIVE_INFINITY } = options;
  const { remoteAddress = '127.0.0.1', remotePort = 50_000, localPort = 8_080 } = options;
  const server = serverInfoOf(options);
  const number = server.addClient();
  const { id = number } = options;
  whole('id', id, 0);
  if (remoteAddress !== '') text('remoteAddress', remoteAddress);
  whole('remotePort', remotePort, 0, 65_535);
  whole('localPort', localPort, 0, 65_535);
  const identity: ClientIdentity = { id, remoteAddress, remotePort, localPort, dialect: protocol.name };
  let tokens: Tokens | undefined;
  if (quota !== undefined) {
    positiveTime('quotaRefillMs', quotaRefillMs);
    tokens = new Quota({ messages: quota, refillIntervalMs: quotaRefillMs / quota }, 'connection').admit(
      '',
      0,
    );
  }
  const host = new MemoryHost(resolveLimits(options), server);
  return new Conversation(new Session(protocol, identity, host, tokens), host);
}

function serverInfoOf({ server, activeClients, waitingClients }: ConverseOptions): MemoryServerInfo {
  if (activeClients !== undefined) whole('activeClients', activeClients, 0);
  if (waitingClients !== undefined) whole('waitingClients', waitingClients, 0);
  if (server === undefined) {
    return new MemoryServerInfo({
      ...(activeClients === undefined ? {} : { activeClients }),
      ...(waitingClients === undefined ? {} : { waitingClients }),
    });
  }
  if (!(server instanceof MemoryServerInfo)) throw mustBe('server', 'that of a client of converse', server);
  if (activeClients === undefined && waitingClients === undefined) return server;
  throw new OptionError('how many clients are in, and wait, is said with the first conversation of a server');
}
