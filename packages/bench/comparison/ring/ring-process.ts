import { randomInt } from 'node:crypto';
import type { Message, RingConfig } from '@zocalo/ring';
import { openState, RingNode } from '@zocalo/ring';
import { serve } from 'zocalo';
import { Connector } from 'zocalo/internal';
import { Histogram } from '../../src/load/histogram.ts';

/*
 * One node of a ring that is measured: the product's node with messages that are made when there is room for them, each
 * with the time of its making, so that its destination knows how long it took to be in its log. It is spoken to over the channel of its parent.
 */

export type NodeTask = { id: number; config: RingConfig; state: string; outstanding: number; size: number };
export type NodeReport = {
  state: string;
  members: number;
  tokens: number;
  done: number;
  /** Processor time since the start, in microseconds. */
  processor: number;
  /** Latencies since the last report, in microseconds. */
  p50: number;
  p99: number;
};

const LIMITS = { highWater: 1 << 26, maxUnsolicited: 1 << 26, messagesPerTurn: 256 };
const now = () => performance.timeOrigin + performance.now();

process.on('disconnect', () => process.exit(0));
process.once('message', (task: NodeTask) => void run(task));

async function run({ id, config, state, outstanding, size }: NodeTask): Promise<void> {
  let latencies = new Histogram();
  const ids = config.nodes.map((place) => place.id).filter((each) => each !== id);
  let done = 0;
  /** How many messages of this process have no outcome yet. */
  let open = 0;
  let waiting: (() => void) | undefined;
  let viewed = false;
  const connector = await Connector.create(
    LIMITS,
    (error) => {
      throw error;
    },
    'libuv',
  );
  const node: RingNode = new RingNode({
    id,
    config,
    instance: randomInt(1, 2 ** 32),
    connect: (protocol, place, onFailed) => connector.connect(protocol, place, { onFailed }),
    onReport: (report) => {
      if (report.type === 'done' || report.type === 'undeliverable') {
        if (report.type === 'done') done++;
        open--;
        waiting?.();
      } else if (report.type === 'view') {
        viewed = true;
        process.send?.({ view: report.members.length, at: now() });
      }
    },
    onEnd: () => process.exit(0),
  });
  const { host, port } = config.nodes.find((place) => place.id === id) as RingConfig['nodes'][number];
  await serve(node.protocol, { host, port, model: 'libuv', ...LIMITS });
  const madeAtMs = new Map<number, number>();
  let oldest = 1;
  const journal = openState(
    state,
    id,
    {
      durable: config.durable,
      onSynced: (record) => {
        const at = now();
        for (; oldest <= record; oldest++) {
          const madeMs = madeAtMs.get(oldest);
          if (madeMs === undefined) continue;
          madeAtMs.delete(oldest);
          latencies.record(Math.max(1, Math.round((at - madeMs) * 1_000)));
        }
        if (viewed) process.send?.({ delivered: true, at });
        viewed = false;
        node.synced(record);
      },
      onFailed: (error) => {
        throw error;
      },
    },
    () => randomInt(1, 2 ** 32),
  );
  // A process that follows a killed one continues where that was, as with a file; what has an outcome is not sent again.
  const { finishedThrough, finishedBeyond } = journal.state.recovered;
  const finished = new Set(finishedBeyond);
  let made = finishedThrough;
  const messages = {
    async read(count: number): Promise<{ messages: (Message & { digest: number })[]; end: boolean }> {
      if (outstanding === 0) return { messages: [], end: true };
      while (open >= outstanding) await new Promise<void>((resolve) => (waiting = resolve));
      const batch: (Message & { digest: number })[] = [];
      while (batch.length < count && open < outstanding) {
        const number = ++made;
        if (finished.has(number)) continue;
        open++;
        const payload = Buffer.alloc(size);
        payload.writeDoubleLE(now());
        batch.push({
          number,
          destination: ids[number % ids.length] as number,
          stream: (number % 2) as 0 | 1,
          payload,
          digest: number,
        });
      }
      return { messages: batch, end: false };
    },
    async close() {},
  };
  const files = {
    journal: {
      state: journal.state,
      close: () => journal.close(),
      append(record: number, what: Parameters<typeof journal.append>[1]) {
        if (what.type === 'delivered') madeAtMs.set(record, Buffer.from(what.payload).readDoubleLE());
        journal.append(record, what);
      },
    },
    messages,
  };
  process.on('message', () => {
    const status = node.status();
    const report: NodeReport = {
      state: status.state,
      members: status.members.length,
      tokens: status.tokens,
      done,
      processor: process.cpuUsage().user + process.cpuUsage().system,
      p50: latencies.total === 0 ? 0 : latencies.percentile(0.5),
      p99: latencies.total === 0 ? 0 : latencies.percentile(0.99),
    };
    latencies = new Histogram();
    process.send?.(report);
  });
  node.start(files);
}
