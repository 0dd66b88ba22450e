import { type Check, formatCount } from './check.ts';
import type { Demand } from './demand.ts';
import type { Facts } from './facts.ts';

const UNKNOWN = { verdict: 'unknown', found: 'this system does not tell' } as const;

/** How many connections the kernel keeps until they are accepted: listen(2). */
export function checkSomaxconn({ somaxconn }: Facts, { backlog }: Demand): Check {
  const name = 'somaxconn';
  if (somaxconn === undefined) return { name, ...UNKNOWN };
  if (somaxconn >= backlog) return { name, verdict: 'ok', found: formatCount(somaxconn) };
  return {
    name,
    verdict: 'low',
    found: formatCount(somaxconn),
    advice: {
      words: `Of the backlog of ${formatCount(backlog)} the kernel keeps only so many; when more come at once, the rest try again later. As root:`,
      commands: [`sysctl -w net.core.somaxconn=${backlog}`],
    },
  };
}

/** Half-open connections. With SYN cookies a full queue refuses no client, and the backlog itself is the bound: tcp(7). */
export function checkSynBacklog({ synBacklog, synCookies }: Facts, { backlog }: Demand): Check {
  const name = 'SYN backlog';
  if (synBacklog === undefined) return { name, ...UNKNOWN };
  const cookies = synCookies !== undefined && synCookies > 0;
  const found = `${formatCount(synBacklog)}, ${cookies ? 'with' : 'without'} SYN cookies`;
  if (cookies || synBacklog >= backlog) return { name, verdict: 'ok', found };
  return {
    name,
    verdict: 'low',
    found,
    advice: {
      words: 'When more connections begin at once, some are dropped. As root:',
      commands: ['sysctl -w net.ipv4.tcp_syncookies=1', `sysctl -w net.ipv4.tcp_max_syn_backlog=${backlog}`],
    },
  };
}

/** A connection to one server needs a port of its own on the client's side; a server needs none. */
export function checkPorts({ ephemeralPorts }: Facts, { maxClients }: Demand): Check {
  const name = 'ephemeral ports';
  if (ephemeralPorts === undefined) return { name, ...UNKNOWN };
  const { first, last } = ephemeralPorts;
  const count = Math.max(last - first + 1, 0);
  const found = `${first} to ${last}: ${formatCount(count)} clients from one address`;
  if (count >= maxClients) return { name, verdict: 'ok', found };
  return {
    name,
    verdict: 'low',
    found,
    advice: {
      words: 'Only for clients on this machine, as in a load test. As root:',
      commands: ['sysctl -w net.ipv4.ip_local_port_range="1024 65535"'],
    },
  };
}
