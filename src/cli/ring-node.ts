import { randomInt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { accessSync, constants } from 'node:fs';
import { isIP } from 'node:net';
import { ListenError } from '../errors.ts';
import { Dialler } from '../server/dialler.ts';
import { serve } from '../server/serve.ts';
import type { Server } from '../server/server.ts';
import { JournalError } from '../services/ring/journal.ts';
import { MessageFile, shorterWay } from '../services/ring/message-file.ts';
import type { Report } from '../services/ring/protocol/effect.ts';
import { MAX_NODES } from '../services/ring/protocol/options.ts';
import type { RingNodePlace } from '../services/ring/ring-config.ts';
import { type Ending, RingNode } from '../services/ring/ring-node.ts';
import { openState } from '../services/ring/state-directory.ts';
import { Failure, oneLine, UsageError } from './failure.ts';
import { logFormat } from './log.ts';
import { createRingLog, type RingLog, reportWords } from './ring-log.ts';
import { findPlace } from './ring-place.ts';
import { StopSignals } from './stop-signals.ts';

/** What may wait on one link: two windows of the longest messages would be 128 MiB, and no ring is that far behind. In bytes. */
const MOST_WAITING = 64 * 1_048_576;
/** A link proves itself many times a second; whoever is silent for so long is no node. In milliseconds. */
const SILENCE = 30_000;
/** How long closing connections may take at the end, in milliseconds. */
const FAREWELL = 1_000;
/** Links from every node that a ring can have, some of them ending while others begin; and operators. */
const MOST_CLIENTS = 4 * MAX_NODES + 64;
const EMPTY = '/dev/null';

const linkLimits = {
  highWater: MOST_WAITING,
  maxUnasked: MOST_WAITING,
  messagesPerTurn: 256,
  idleTimeout: SILENCE,
  writeTimeout: SILENCE,
};

/** `zocalo ring node`. @returns the exit status */
export async function runNode(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const { place, guest, config, text } = await findPlace(flags);
  const { id } = place;
  const messages = (flags.messages as string | undefined) ?? EMPTY;
  readable(messages);
  const log = await createRingLog(logFormat(flags), id);
  const signals = new StopSignals();
  const ended = Promise.withResolvers<Ending>();

  const dialler = await Dialler.create(
    linkLimits,
    (error) => log({ type: 'error' }, `a connection failed: ${oneLine(error)}`),
    'libuv',
  );
  const node: RingNode = new RingNode({
    id,
    config,
    address: guest ? { host: place.host, port: place.port } : undefined,
    ringText: text,
    instance: randomInt(1, 2 ** 32),
    dial: (protocol, place, onFailed) => dialler.dial(protocol, place, { onFailed }),
    onReport: reporter(log),
    onEnd: ended.resolve,
  });
  const server = await listen(node, place);
  try {
    const journal = openState(
      (flags.state as string | undefined) ?? `ring-state-${id}`,
      id,
      {
        durable: config.durable,
        onSynced: (record) => node.synced(record),
        onFailed: (error) => node.fail(`its journal cannot be written: ${error.message}`),
      },
      () => randomInt(1, 2 ** 32),
    );
    const ids = config.nodes.map((each) => each.id);
    const choose = shorterWay(guest ? [...ids, id] : ids, id);
    const after = journal.state.recovered.finishedThrough;
    const onBadLine = ({ line, reason }: { line: number; reason: string }) =>
      log({ type: 'bad-line', ...{ line, reason } }, `${messages}:${line}: ${reason}; it is passed over`);
    node.start({ journal, messages: new MessageFile(messages, { id, choose, after, onBadLine }) });
  } catch (error) {
    await server.close();
    await dialler.stop();
    if (error instanceof JournalError || (error as NodeJS.ErrnoException).code !== undefined) {
      throw new Failure(`node ${id}: ${oneLine(error)}`, { cause: error });
    }
    throw error;
  }
  watchServer(server, log);
  leaveOnSignal(node, signals);

  const ending = await ended.promise;
  await Promise.all([server.drain(FAREWELL), dialler.emptyWithin(FAREWELL).then(() => dialler.stop())]);
  process.stdout.write(`${summaryLine(id, ending)}\n`);
  return ending.status;
}

function readable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(
      code === 'ENOENT' ? `there is no message file ${file}` : `cannot read ${file}: ${code}`,
    );
  }
}

async function listen(node: RingNode, { id, host, port }: RingNodePlace): Promise<Server> {
  try {
    const address = isIP(host) === 0 ? (await lookup(host)).address : host;
    const server = await serve(node.protocol, {
      host: address,
      port,
      maxClients: MOST_CLIENTS,
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

/** Leaves out what is no news: each message that is done, refusals that are repeated, and the attempts of a side that stays frozen. */
function reporter(log: RingLog): (report: Report) => void {
  const refusals = new Map<number, string>();
  let frozen = '';
  return (report) => {
    if (report.type === 'done') return;
    if (report.type === 'view') {
      refusals.clear();
      frozen = '';
    }
    if (report.type === 'refused') {
      if (refusals.get(report.peer) === report.reason) return;
      refusals.set(report.peer, report.reason);
    }
    if (report.type === 'frozen') {
      const reached = report.reached.join();
      if (frozen === reached) return;
      frozen = reached;
    }
    if (report.type === 'state' && frozen !== '' && idleStates.has(report.state)) return;
    log(report, reportWords(report));
  };
}

/** Between these a node without a ring goes to and fro. */
const idleStates = new Set(['apart', 'claiming', 'promised', 'frozen']);

function watchServer(server: Server, log: RingLog): void {
  server.events.on('error', ({ error }) => log({ type: 'error' }, `a connection failed: ${oneLine(error)}`));
}

function leaveOnSignal(node: RingNode, signals: StopSignals): void {
  void signals.first.then(() => {
    const refusal = node.leave();
    if (refusal !== undefined) node.fail(`stopped by a signal; it could not leave the ring: ${refusal}`);
  });
  void signals.second.then(() => node.fail('stopped by a second signal'));
}

function summaryLine(id: number, { reason, summary }: Ending): string {
  const { sent, done, undeliverable, delivered, tokens, views } = summary;
  return (
    `node ${id}: ${reason}; ${done} messages done, ${undeliverable} undeliverable, ${sent} transmissions, ` +
    `${delivered} delivered here, ${tokens} tokens, ${views} views`
  );
}
