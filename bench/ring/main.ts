/** `npm run bench:ring`: measures the ring beside bare forwarding of the same bytes. See bench/README.md. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from '../../src/measure/median.ts';
import type { RingConfig } from '../../src/services/ring/ring-config.ts';
import type { NodeReport, NodeTask } from './ring-process.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 1 : 3;
const WINDOW = quick ? 500 : 1_500;
/** Before a window, in milliseconds: Node strips types and compiles what is used often in the first seconds of a process. */
const WARM_UP = 4_000;
const KILLS = quick ? 2 : 10;
const SIZE = 64;

type Load = { nodes: number; window: number; durable: boolean; outstanding: number };
type Figures = { hops: number; messages: number; p50: number; p99: number; fairness: number };

/** The nodes of a ring as processes. */
class BenchRing {
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
      timing: {},
      hopDelay: 0,
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
      size: SIZE,
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
            const heard = (message: object) => {
              if (!('tokens' in message)) return;
              child.off('message', heard);
              resolve(message as NodeReport);
            };
            child.on('message', heard);
            child.send('report');
          }),
      ),
    );
  }

  async measure(): Promise<Figures> {
    await sleep(WARM_UP);
    const before = await this.reports();
    const from = performance.now();
    await sleep(WINDOW);
    const after = await this.reports();
    const seconds = (performance.now() - from) / 1_000;
    const grown = (key: 'tokens' | 'done') =>
      after.map((report, id) => report[key] - (before[id]?.[key] ?? 0));
    const done = grown('done');
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      hops: sum(grown('tokens')) / seconds,
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
      const heard = (message: { view?: number; delivered?: boolean; at?: number }) => {
        if (message.view !== undefined) healed = message.view === rest;
        else if (message.delivered === true && healed) recovered.resolve(message.at as number);
      };
      child.on('message', heard);
      return () => child.off('message', heard);
    });
    const victim = this.children[id] as ChildProcess;
    const at = performance.timeOrigin + performance.now();
    victim.kill('SIGKILL');
    const took = (await recovered.promise) - at;
    for (const end of listeners) end();
    this.startNode(id);
    await this.formed();
    return took;
  }

  stop(): void {
    for (const child of this.children) child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Hops a second of two "tokens" of 48 bytes, one each way, through processes that only forward. */
async function bareHops(nodes: number): Promise<number> {
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
  await sleep(WARM_UP);
  const before = await count();
  const from = performance.now();
  await sleep(WINDOW);
  const hops = ((await count()) - before) / ((performance.now() - from) / 1_000);
  for (const child of children) child.kill('SIGKILL');
  return hops;
}

async function measured(load: Load): Promise<Figures> {
  const ring = await BenchRing.start(load);
  try {
    return await ring.measure();
  } finally {
    ring.stop();
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const say = (words: string) => process.stdout.write(`${words}\n`);
const whole = (value: number) => Math.round(value).toLocaleString('en');
let met = true;
function target(holds: boolean): string {
  met &&= holds;
  return holds ? 'met' : 'MISSED';
}

for (const nodes of [3, 5]) {
  const ratios: number[] = [];
  const hops: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bare = await bareHops(nodes);
    const { hops: own } = await measured({ nodes, window: 1, durable: true, outstanding: 0 });
    ratios.push(own / bare);
    hops.push(own);
  }
  const ratio = median(ratios);
  say(
    `${nodes} processes, nothing to send: ${whole(median(hops))} token hops/s, ${ratio.toFixed(2)} of bare forwarding (target 0.5: ${target(ratio >= 0.5)})`,
  );
}
for (const nodes of [3, 5]) {
  for (const durable of [true, false]) {
    for (const window of [1, 64]) {
      const rounds: Figures[] = [];
      for (let round = 0; round < ROUNDS; round++)
        rounds.push(await measured({ nodes, window, durable, outstanding: 2 * window }));
      const middle = (key: keyof Figures) => median(rounds.map((figures) => figures[key]));
      const fairness = middle('fairness');
      say(
        `${nodes} processes, W=${window}, ${durable ? 'durable' : 'not durable'}: ${whole(middle('messages'))} messages/s, ` +
          `delivery p50 ${middle('p50').toFixed(2)} ms, p99 ${middle('p99').toFixed(2)} ms, fairness ${fairness.toFixed(4)} (target 0.99: ${target(fairness >= 0.99)})`,
      );
    }
  }
}
{
  const ring = await BenchRing.start({ nodes: 5, window: 1, durable: true, outstanding: 2 });
  const times: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) times.push(await ring.killAndRecover(kill % 5));
  ring.stop();
  say(
    `5 processes, one killed under load ${KILLS} times: the first delivery after ${whole(median(times))} ms, at most ${whole(Math.max(...times))} ms (target 500: ${target(median(times) < 500)})`,
  );
}
process.exitCode = 0;
if (!met) say('a target was missed; that is a result, not a failure');
