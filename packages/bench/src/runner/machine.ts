import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** What figures mean nothing without. */
export type Machine = {
  cpu: string;
  cores: number;
  kernel: string;
  memoryBytes: number;
  node: string;
};

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    kernel: `${type()} ${release()} ${process.arch}`,
    memoryBytes: totalmem(),
    node: process.version,
  };
}

/** Descriptors that a process needs besides those of its clients. */
const SPARE_DESCRIPTORS = 100;
/** Ports that others may be using. */
const SPARE_PORTS = 3_000;

/**
 * The most connections that a server and a generator can have between them. Each takes a descriptor in both, of which a
 * process may have as many as its hard limit says (Node raises the soft limit to it when it starts), and one of the ports that
 * the system gives to those who connect (ip_local_port_range, ip(7)).
 */
export function maxConnections(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  const descriptors = soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1');
  const [first = 0, last = 0] = range.trim().split(/\s+/).map(Number);
  return Math.min(descriptors - SPARE_DESCRIPTORS, last - first + 1 - SPARE_PORTS);
}
