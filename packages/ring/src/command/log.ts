import { count } from '@zocalo/command';
import { jsonLogger, type LogFormat, LogSink, lostLinesText, prettyLogger } from '@zocalo/command/log';
import type { Report } from '../protocol/effect.ts';

/** Writes what a node reports to stderr: sentences for a person, lines of JSON, or nothing. */
export type RingLog = (facts: { type: string }, text: string) => void;

const warnings = new Set([
  'undeliverable',
  'stuck',
  'frozen',
  'duplicate-id',
  'bad-line',
  'unended-line',
  'file',
  'state-directory',
  'host',
  'error',
]);

export async function createRingLog(format: LogFormat, node: number): Promise<RingLog> {
  if (format === 'off') return () => {};
  const sink = await LogSink.ofStderr(lostLinesText(format === 'json'));
  if (format === 'json') {
    const logger = await jsonLogger(sink, 'info');
    return (facts, text) => {
      const { type, ...rest } = facts;
      logger[warnings.has(type) ? 'warn' : 'info']({ node, event: type, ...rest }, text);
    };
  }
  const logger = await prettyLogger(sink, 'info', process.stderr.isTTY && process.stderr.hasColors());
  return ({ type }, text) => logger[warnings.has(type) ? 'warn' : 'info'](`node ${node}: ${text}`);
}

/** A report as a sentence. */
export function reportText(report: Report): string {
  switch (report.type) {
    case 'state':
      return `${report.state}: ${report.reason}`;
    case 'view':
      return `view ${report.view}: ${report.wrapped ? 'a wrapped ring' : 'a ring'} of ${report.members.join(', ')}`;
    case 'frozen':
      if (report.reached.length === 0)
        return 'frozen: the node whose claim this one has promised reaches too few';
      return `frozen: only ${report.reached.join(', ')} can be reached, and ${report.needed} nodes are needed to go on`;
    case 'done':
      return `message ${report.message} is in the log of node ${report.destination}`;
    case 'undeliverable':
      return givenUpText(report);
    case 'stuck':
      return (
        `the link to node ${report.peer} was given up with message ${report.message} of node ${report.source} ` +
        `(${report.bytes.toLocaleString('en')} bytes) on it, for the ${ordinal(report.times)} time: if shorter ones pass, ` +
        'the network between drops long packets (path MTU) or is too slow'
      );
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

/** Why a message was given up, and what is known of it. */
function givenUpText(report: Extract<Report, { type: 'undeliverable' }>): string {
  const { message, destination, uncertain, bytes, attempts, cuts, missing } = report;
  const cutShort = `${cuts} attempts in a row were cut short`;
  const blame =
    bytes >= MIN_MTU_PAYLOAD ? `; a link on its way may not carry ${bytes.toLocaleString('en')} bytes` : '';
  if (missing !== undefined) {
    const some = uncertain ? 'may not have reached' : 'has not reached';
    return `message ${message} to all nodes is given up: it ${some} ${nodeList(missing)}${cuts > 0 ? `; ${cutShort}${blame}` : ''}`;
  }
  if (cuts > 0)
    return `message ${message} to node ${destination} is given up: ${cutShort}${blame}. It may have arrived`;
  if (uncertain)
    return `message ${message} to node ${destination} is given up, as no node takes it now; it may have arrived before`;
  return `message ${message} to node ${destination} is undeliverable: no node has taken it in ${count(attempts, 'attempt')}`;
}

/** What the smallest packet that every network carries holds (RFC 791), in bytes; a longer message may be too long for some. */
const MIN_MTU_PAYLOAD = 500;

function nodeList(ids: readonly number[]): string {
  return ids.length === 1 ? `node ${ids[0]}` : `the nodes ${ids.join(', ')}`;
}

function ordinal(times: number): string {
  const last = times % 10;
  const teen = times % 100 >= 11 && times % 100 <= 13;
  return `${times}${teen ? 'th' : last === 1 ? 'st' : last === 2 ? 'nd' : last === 3 ? 'rd' : 'th'}`;
}
