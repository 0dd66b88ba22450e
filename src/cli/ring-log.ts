import type { Report } from '../services/ring/protocol/effect.ts';
import type { LogFormat } from './log.ts';
import { jsonLogger, prettyLogger } from './logger.ts';

/** Writes what a node reports to stderr: sentences for a person, lines of JSON, or nothing. */
export type RingLog = (facts: { type: string }, words: string) => void;

const grave = new Set(['undeliverable', 'frozen', 'duplicate-id', 'bad-line', 'error']);

export async function createRingLog(format: LogFormat, node: number): Promise<RingLog> {
  if (format === 'off') return () => {};
  if (format === 'json') {
    const { logger } = await jsonLogger({ sync: true });
    return (facts, words) => {
      const { type, ...rest } = facts;
      logger[grave.has(type) ? 'warn' : 'info']({ node, event: type, ...rest }, words);
    };
  }
  const logger = await prettyLogger();
  return ({ type }, words) => logger[grave.has(type) ? 'warn' : 'info'](`node ${node}: ${words}`);
}

/** A report in words. */
export function reportWords(report: Report): string {
  switch (report.type) {
    case 'state':
      return `${report.state}: ${report.reason}`;
    case 'view':
      return `view ${report.view}: ${report.wrapped ? 'a wrapped ring' : 'a ring'} of ${report.members.join(', ')}`;
    case 'frozen':
      return `frozen: only ${report.reached.join(', ')} can be reached, and ${report.needed} nodes are needed to go on`;
    case 'done':
      return `message ${report.message} is in the log of node ${report.destination}`;
    case 'undeliverable':
      return `message ${report.message} to node ${report.destination} is undeliverable${report.uncertain ? ', though it may have arrived' : ''}`;
    case 'duplicate-id':
      return `another process uses the ID ${report.peer}; it was refused`;
    case 'refused':
      return `node ${report.peer} refuses this node: ${report.reason}`;
    case 'stripped':
      return `a frame of node ${report.source}, message ${report.message}, was taken off the ring`;
    case 'command-refused':
      return `${report.command} was refused: ${report.reason}`;
  }
}
