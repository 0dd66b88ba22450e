/** The rings that are measured: the product's, and processes that only forward. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RingConfig } from '@zocalo/ring';
import { median } from '../../src/runner/statistics.ts';
import { freePorts } from '../processes.ts';
import type { NodeReport, NodeTask } from './ring-process.ts';

export const quick = process.argv.includes('--quick');
const WINDOW_MS = quick ? 500 : 1_500;
/** Before a window: Node strips types and compiles what is used often in the first seconds of a process. */
const WARMUP_MS = 4_000;
const MESSAGE_BYTES = 64;

/** `paceMs`: how long an idle token rests; without it as by default. */
export type Load = { nodes: number; window: number; durable: boolean; outstanding: number; paceMs?: number };
export type Figures = {
  hops: number;
  messages: number;
  p50: number;
  p99: number;
  fairness: number;
  /** Processor time of a node, as a part of one processor. */
  processor: number;
};

/** The nodes of a ring as processes. */
export class BenchRing {
  readonly children: ChildProcess[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), 'ring-bench-'));
  readonly config: RingConfig;
  readonly #load: Load;

  private constructor(load: Load, ports: readonly number[]) {
    this.#load = load;
    this.config = {
      name: 'bench',
      nodes: ports.map((port, id) => ({ id, host: '127.0.0.1', port })),
      window: load.window,
      durable: load.durable,
      deputies: [],
      timing: load.paceMs === undefined ? {} : { paceMs: load.paceMs },
      hopDelayMs: 0,
    };
  }

  /** Starts all nodes and waits until they are one ring. */
  static async start(load: Load): Promise<BenchRing> {
    const ring = new BenchRing(load, await freePorts(load.nodes));
    for (const { id } of ring.config.nodes) ring.startNode(id);
    await ring.formed();
    return ring;
  }

  startNode(id: number): ChildProcess {
    const child = fork(fileURLToPath(new URL('./ring-process.ts', import.meta.url)));
    this.children[id] = child;
    child.send({
      id,
      config: this.config,
      state: join(this.directory, `${id}`),
      outstanding: this.#load.outstanding,
      size: MESSAGE_BYTES,
    } satisfies NodeTask);
    return child;
  }

  async formed(): Promise<void> {
    for (;;) {
      const all = await this.reports();
      if (all.every(({ members }) => members === this.config.nodes.length)) return;
      await sleep(50);
    }
  }

  reports(): Promise<NodeReport[]> {
    return Promise.all(
      this.children.map(
        (child) =>
          new Promise<NodeReport>((resolve) => {
            const onMessage = (message: object) => {
              if (!('tokens' in message)) return;
              child.off('message', onMessage);
              resolve(message as NodeReport);
            };
            child.on('message', onMessage);
            child.send('report');
          }),
      ),
    );
  }

  async measure(): Promise<Figures> {
    await sleep(WARMUP_MS);
    const before = await this.reports();
    const from = performance.now();
    await sleep(WINDOW_MS);
    const after = await this.reports();
    const seconds = (performance.now() - from) / 1_000;
    const grown = (key: 'tokens' | 'done' | 'processor') =>
      after.map((report, id) => report[key] - (before[id]?.[key] ?? 0));
    const done = grown('done');
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      hops: sum(grown('tokens')) / seconds,
      processor: sum(grown('processor')) / after.length / (seconds * 1_000_000),
      messages: sum(done) / seconds,
      p50: median(after.map(({ p50 }) => p50)) / 1_000,
      p99: Math.max(...after.map(({ p99 }) => p99)) / 1_000,
      // Jain, Chiu and Hawe 1984: 1 when all have the same, 1/n when one has all.
      fairness: sum(done) ** 2 / (done.length * sum(done.map((value) => value ** 2)) || 1),
    };
  }

  /** Kills a node that others wait for, and waits for the first delivery in the ring without it: how long that took. */
  async killAndRecover(id: number): Promise<number> {
    const recovered = Promise.withResolvers<number>();
    const rest = this.config.nodes.length - 1;
    const listeners = this.children.map((child) => {
      let healed = false;
      const onMessage = (message: { view?: number; delivered?: boolean; at?: number }) => {
        if (message.view !== undefined) healed = message.view === rest;
        else if (message.delivered === true && healed) recovered.resolve(message.at as number);
      };
      child.on('message', onMessage);
      return () => child.off('message', onMessage);
    });
    const victim = this.children[id] as ChildProcess;
    const at = performance.timeOrigin + performance.now();
    victim.kill('SIGKILL');
    const tookMs = (await recovered.promise) - at;
    for (const end of listeners) end();
    this.startNode(id);
    await this.formed();
    return tookMs;
  }

  stop(): void {
    for (const child of this.children) child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Hops a second of two "tokens" of 48 bytes, one each way, through processes that only forward. */
export async function bareHops(nodes: number): Promise<number> {
  const ports = await freePorts(nodes);
  const script = fileURLToPath(new URL('./forwarder.ts', import.meta.url));
  const children = ports.map((_, place) =>
    spawn(process.execPath, [script, `${place}`, ...ports.map(String)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const line = (child: (typeof children)[number]) =>
    new Promise<string>((resolve) => child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString())));
  await Promise.all(children.map(line));
  for (const child of children) child.stdin.write('connect\n');
  await sleep(200);
  children[0]?.stdin.write('start\n');
  const count = async () => {
    const lines = children.map((child) => {
      const answer = line(child);
      child.stdin.write('count\n');
      return answer;
    });
    return (await Promise.all(lines)).reduce((total, text) => total + Number(text), 0);
  };
  await sleep(WARMUP_MS);
  const before = await count();
  const from = performance.now();
  await sleep(WINDOW_MS);
  const hops = ((await count()) - before) / ((performance.now() - from) / 1_000);
  for (const child of children) child.kill('SIGKILL');
  return hops;
}
