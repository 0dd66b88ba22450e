import { randomInt } from 'node:crypto';
import { Failure, oneLine, UsageError } from '@zocalo/command';
import { logFormat } from '@zocalo/command/log';
import { StopSignals } from '@zocalo/command/signals';
import type { Server } from 'zocalo';
import { Connector } from 'zocalo/internal';
import { JournalError } from '../journal/journal.ts';
import { openState } from '../journal/state-directory.ts';
import { MessageFileError } from '../node/message-file.ts';
import { shorterDirection } from '../node/message-lines.ts';
import { identityOf } from '../node/ring-config.ts';
import { type NodeExit, RingNode } from '../node/ring-node.ts';
import type { Report } from '../protocol/effect.ts';
import { chooseNode } from './choose-node.ts';
import { linkLimits, listen, noteHostName } from './links.ts';
import { createRingLog, type RingLog, reportText } from './log.ts';
import { nothing, openMessages, readable } from './messages.ts';

/** How long closing connections may take at the end, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** `zocalo ring node`. @returns the exit status */
export async function runNode(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const { place, guest, config, text } = await chooseNode(flags);
  const { id } = place;
  const file = flags.messages as string | undefined;
  const follow = flags.follow === true;
  if (file !== undefined) readable(file, follow);
  else if (follow) throw new UsageError('--follow needs --messages: the file that grows');
  const log = await createRingLog(logFormat(flags), id);
  const signals = new StopSignals();
  const ended = Promise.withResolvers<NodeExit>();

  const connector = await Connector.create(
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
    connect: (protocol, peer, onFailed) =>
      connector.connect(protocol, peer, { onFailed: (reason) => onFailed(noteHostName(log, peer, reason)) }),
    follow,
    onFileProblem: (reason) =>
      log(
        { type: 'file', ...{ reason } },
        reason === undefined ? `${file} is read on` : `${reason}. It is looked at again`,
      ),
    onReport: reporter(log),
    onEnd: ended.resolve,
  });
  const server = await listen(node, place, config, log);
  let resumed = '';
  try {
    const journal = openState(
      (flags.state as string | undefined) ?? `ring-state-${id}`,
      id,
      {
        durable: config.durable,
        ring: identityOf(config),
        ringChanged: flags['ring-changed'] === true,
        onSynced: (record) => node.synced(record),
        onFailed: (error) => node.fail(`its state directory cannot be written: ${error.message}`),
      },
      () => randomInt(1, 2 ** 32),
    );
    const ids = config.nodes.map((each) => each.id);
    const choose = shorterDirection(guest ? [...ids, id] : ids, id);
    for (const note of journal.notes) log({ type: 'state-directory' }, note);
    if (file === undefined) node.start({ journal, messages: nothing });
    else {
      const isNew = flags['new-messages'] === true;
      const opened = await openMessages({ file, id, choose, follow, isNew, journal, log });
      resumed = opened.resumed;
      node.start({ journal, messages: opened.messages });
    }
  } catch (error) {
    await server.close();
    await connector.stop();
    if (
      error instanceof JournalError ||
      error instanceof MessageFileError ||
      (error as NodeJS.ErrnoException).code !== undefined
    ) {
      throw new Failure(`node ${id}: ${oneLine(error)}`, { cause: error });
    }
    throw error;
  }
  watchServer(server, log);
  leaveOnSignal(node, signals);
  // A process that was started with a channel, as by the demonstration, ends with the one that started it.
  process.once('disconnect', () => node.fail('the process that started this node is gone'));

  const exit = await ended.promise;
  await Promise.all([
    server.drain(CLOSE_TIMEOUT_MS),
    connector.waitUntilIdle(CLOSE_TIMEOUT_MS).then(() => connector.stop()),
  ]);
  process.stdout.write(`${summaryLine(id, exit, resumed)}\n`);
  return exit.status;
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
    log(report, reportText(report));
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

function summaryLine(id: number, { reason, summary }: NodeExit, resumed: string): string {
  const { sent, done, undeliverable, uncertain, delivered, tokens, views } = summary;
  return (
    `node ${id}: ${reason}; ${done} messages done, ${undeliverable} undeliverable, ` +
    `${uncertain > 0 ? `${uncertain} uncertain, ` : ''}${sent} transmissions, ` +
    `${delivered} delivered here, ${tokens} tokens, ${views} views${resumed === '' ? '' : `; ${resumed}`}`
  );
}
