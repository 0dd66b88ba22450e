import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Failure, oneLine, UsageError } from '@zocalo/command';
import { ListenError, type Server, serve } from 'zocalo';
import type { RingConfig } from '../node/ring-config.ts';
import type { RingNode } from '../node/ring-node.ts';
import { MAX_NODES, type NodeAddress } from '../protocol/options.ts';
import type { RingLog } from './log.ts';

/** How many bytes may wait on one link: two windows of the longest messages would be 128 MiB, and no ring is that far behind. */
const MAX_WAITING = 64 * 1_048_576;
/** A link is proven many times a second; a client that is silent for so long is no node. */
const SILENCE_TIMEOUT_MS = 30_000;
/** Links from every node that a ring can have, some of them ending while others begin; and operators. */
const MAX_CLIENTS = 4 * MAX_NODES + 64;

/** Of connections between nodes, in both directions. */
export const linkLimits = {
  highWater: MAX_WAITING,
  maxUnsolicited: MAX_WAITING,
  messagesPerTurn: 256,
  idleTimeoutMs: SILENCE_TIMEOUT_MS,
  writeTimeoutMs: SILENCE_TIMEOUT_MS,
};

/** Logs once for each node why its name has no address. @returns the reason */
export function noteHostName(log: RingLog, { id, host }: NodeAddress, reason: string): string {
  if (isIP(host) !== 0 || !nameErrors.has(reason)) namesReported.delete(id);
  else if (!namesReported.has(id)) {
    namesReported.add(id);
    log(
      { type: 'host', ...{ peer: id, host, reason } },
      `the name "${host}" of node ${id} has no address (${reason}): it cannot be connected to`,
    );
  }
  return reason;
}

const nameErrors = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_FAIL', 'ENODATA']);
const namesReported = new Set<number>();

/** The address of this node's own name: one that others can reach if there is one. Many systems give a host's name 127.0.1.1 as well. */
async function ownAddress({ id, host }: NodeAddress, { nodes }: RingConfig, log: RingLog): Promise<string> {
  if (isIP(host) !== 0) return host;
  const found = (await lookup(host, { all: true })).map(({ address }) => address);
  const address = found.find((each) => !isLoopback(each)) ?? (found[0] as string);
  const elsewhere = nodes.find((other) => other.id !== id && other.host !== host && !isLoopback(other.host));
  if (isLoopback(address) && elsewhere !== undefined) {
    log(
      { type: 'host', ...{ host, address } },
      `"${host}" is ${address} on this machine, which no other can reach: node ${elsewhere.id} at "${elsewhere.host}" cannot connect to this one. ` +
        `Give an address as the host of node ${id} in ring.toml, or mend /etc/hosts`,
    );
  }
  return address;
}

function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^127\.[\d.]+$/.test(host);
}

/** Listens for the connections of other nodes. @throws Failure when that is not possible */
export async function listen(
  node: RingNode,
  place: NodeAddress,
  config: RingConfig,
  log: RingLog,
): Promise<Server> {
  const { id, host, port } = place;
  try {
    const address = await ownAddress(place, config, log);
    const server = await serve(node.protocol, {
      host: address,
      port,
      maxClients: MAX_CLIENTS,
      maxWaiting: 0,
      model: 'libuv',
      ...linkLimits,
    });
    return server as Server;
  } catch (error) {
    if (error instanceof ListenError) {
      const why = error.reason === 'EADDRINUSE' ? 'something listens there already' : error.reason;
      throw new Failure(`node ${id} cannot listen on ${host} port ${port}: ${why}`, { cause: error });
    }
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && !(error instanceof UsageError))
      throw new Failure(`node ${id} cannot listen on ${host}: ${oneLine(error)}`);
    throw error;
  }
}
