import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialler } from '../server/dialler.ts';
import { DELIVERIES_FILE } from '../services/ring/state-directory.ts';
import type { NodeStatus } from '../services/ring/status.ts';
import { count } from './event-words.ts';
import { FAILED, INTERRUPTED, OK } from './failure.ts';
import { createControlDialler, NodeControl } from './ring-control.ts';
import { drawRing } from './ring-drawing.ts';
import { StopSignals } from './stop-signals.ts';

/** How often the nodes are asked, and the ring is drawn, in milliseconds; and how often progress is told without a terminal. */
const FRAME = 80;
const PROGRESS = 1_000;
/** How long a killed node stays away, in milliseconds. */
const AWAY = 2_500;

const WORDS = [
  'hello',
  'what a crowd',
  'is anybody there?',
  'good news',
  'pass it on',
  'see you at noon',
  'thanks',
];

type DemoNode = {
  readonly id: number;
  readonly port: number;
  readonly directory: string;
  process: ChildProcess | undefined;
  status: NodeStatus | undefined;
  control: NodeControl | undefined;
  /** Its last line on stdout, and its exit status. */
  summary: string;
  exit: number | undefined;
};

/** `zocalo ring demo`. @returns the exit status */
export async function runDemo(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-ring-'));
  const demo = new Demo(
    directory,
    (flags.nodes as number | undefined) ?? 5,
    (flags.messages as number | undefined) ?? 8,
    (flags['hop-delay'] as number | undefined) ?? 60,
  );
  try {
    return await demo.run(flags.kill === true);
  } finally {
    demo.killAll();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Demo {
  readonly #directory: string;
  readonly #count: number;
  readonly #messages: number;
  readonly #hopDelay: number;
  readonly #terminal = process.stdout.isTTY;
  #nodes: DemoNode[] = [];
  #startedAt = 0;
  #drawn = 0;
  #toldAt = 0;

  constructor(directory: string, nodes: number, messages: number, hopDelay: number) {
    this.#directory = directory;
    this.#count = nodes;
    this.#messages = messages;
    this.#hopDelay = hopDelay;
  }

  killAll(): void {
    for (const { process: child } of this.#nodes) child?.kill('SIGKILL');
  }

  async run(kill: boolean): Promise<number> {
    const signals = new StopSignals();
    let interrupted = false;
    void signals.first.then(() => {
      interrupted = true;
      for (const { process: child } of this.#nodes) child?.kill('SIGTERM');
    });
    void signals.second.then(() => this.killAll());
    await this.#prepare();
    const dialler = await createControlDialler();
    this.#startedAt = performance.now();
    for (const node of this.#nodes) this.#start(node);

    let stopping = false;
    let victim = kill ? this.#nodes[Math.floor(this.#count / 2)] : undefined;
    let revived: DemoNode | undefined;
    let reviveAt = Number.POSITIVE_INFINITY;
    while (this.#nodes.some(({ process: child }) => child !== undefined)) {
      await Promise.all([this.#ask(dialler), sleep(FRAME)]);
      this.#show();
      if (victim !== undefined && this.#finished() >= this.#total() / 3) {
        victim.process?.kill('SIGKILL');
        this.#say(`node ${victim.id} is killed`);
        revived = victim;
        victim = undefined;
        reviveAt = performance.now() + AWAY;
      }
      if (
        revived !== undefined &&
        revived.process === undefined &&
        performance.now() > reviveAt &&
        !interrupted
      ) {
        this.#say(`node ${revived.id} is started again`);
        this.#start(revived);
        revived = undefined;
      }
      // A ring ends with those that are in it, so the last one has to be back before.
      const whole = victim === undefined && revived === undefined && this.#isWhole();
      if (!stopping && whole && this.#finished() >= this.#total()) {
        stopping = true;
        this.#say('all messages have their outcome; node 0 ends the ring');
        const answer = await this.#nodes[0]?.control?.ask({ command: 'stop', now: false });
        stopping = answer?.ok === true;
      }
    }
    await dialler.stop();
    if (interrupted) return INTERRUPTED;
    return this.#summarize() ? OK : FAILED;
  }

  /** Writes a ring.toml and the messages, on ports that are free now. */
  async #prepare(): Promise<void> {
    const ports = await freePorts(this.#count);
    this.#nodes = ports.map((port, id) => ({
      id,
      port,
      directory: join(this.#directory, `node-${id}`),
      process: undefined,
      status: undefined,
      control: undefined,
      summary: '',
      exit: undefined,
    }));
    // Acknowledgements wait for their hop like all frames: what the timers wait for comes later by that much.
    const delay = this.#hopDelay;
    const timing = { resend: 100 + 4 * delay, dead: 400 + 8 * delay, settle: 120 + 4 * delay };
    const later = { gather: 300 + (8 + 2 * this.#count) * delay, loss: 600 + 4 * this.#count * delay };
    const lines = [
      'name = "demo"',
      'deputies = [1]',
      `hop-delay = ${delay}`,
      '[timing]',
      ...Object.entries({ ...timing, ...later }).map(([key, value]) => `${key} = ${value}`),
      ...this.#nodes.flatMap(({ id, port }) => ['[[nodes]]', `id = ${id}`, `port = ${port}`]),
    ];
    writeFileSync(join(this.#directory, 'ring.toml'), `${lines.join('\n')}\n`);
    for (const { id } of this.#nodes) {
      const messages = Array.from({ length: this.#messages }, (_, number) => {
        const destination = (id + 1 + (number % (this.#count - 1))) % this.#count;
        return `${destination} ${WORDS[(id + number) % WORDS.length]} (${id}.${number + 1})\n`;
      });
      writeFileSync(join(this.#directory, `messages-${id}`), messages.join(''));
    }
  }

  #start(node: DemoNode): void {
    const file = (name: string) => join(this.#directory, name);
    const child = spawn(
      process.execPath,
      [
        ...process.execArgv,
        process.argv[1] as string,
        ...['ring', 'node', '--id', `${node.id}`, '--ring', file('ring.toml')],
        ...['--messages', file(`messages-${node.id}`), '--state', node.directory, '--log', 'json'],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    node.process = child;
    child.stdout.on('data', (bytes: Buffer) => (node.summary = bytes.toString().trim()));
    let rest = '';
    child.stderr.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#hear(node, line);
    });
    child.once('close', (status) => {
      node.process = undefined;
      node.status = undefined;
      node.control = undefined;
      node.exit = status ?? FAILED;
    });
  }

  #hear(node: DemoNode, line: string): void {
    if (!line.startsWith('{')) {
      process.stderr.write(`node ${node.id}: ${line}\n`);
      return;
    }
    const { event, msg } = JSON.parse(line) as { event: string; msg: string };
    if (event !== 'state') this.#say(`node ${node.id}: ${msg}`);
  }

  async #ask(dialler: Dialler): Promise<void> {
    await Promise.all(
      this.#nodes.map(async (node) => {
        if (node.process === undefined) return;
        node.control ??= await NodeControl.open(dialler, { id: node.id, host: '127.0.0.1', port: node.port });
        const answer = await node.control?.ask({ command: 'status' });
        node.status = answer?.ok === true ? answer.status : undefined;
        if (answer === undefined) node.control = undefined;
      }),
    );
  }

  #total(): number {
    return this.#count * this.#messages;
  }

  #isWhole(): boolean {
    return this.#nodes.every(
      ({ status }) => status?.state === 'ring' && status.members.length === this.#count,
    );
  }

  /** Messages in the delivery logs, wherever their nodes are. */
  #finished(): number {
    return this.#nodes.reduce((sum, node) => sum + deliveriesOf(node).length, 0);
  }

  #show(): void {
    const elapsed = performance.now() - this.#startedAt;
    const nodes = this.#nodes.map(({ status }) => status);
    if (this.#terminal) {
      if (nodes.every((node) => node === undefined) && this.#drawn > 0) return;
      const lines = drawRing({ ids: this.#nodes.map(({ id }) => id), nodes, elapsed });
      const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
      process.stdout.write(`${up}${lines.map((line) => `${line}\u001b[K\n`).join('')}`);
      this.#drawn = lines.length;
    } else if (elapsed - this.#toldAt >= PROGRESS) {
      this.#toldAt = elapsed;
      const transmitting = nodes.flatMap((node) =>
        node?.lanes.some(({ inFlight }) => inFlight.length > 0) ? [node.id] : [],
      );
      const tokens = nodes.flatMap((node) => node?.lanes.map(({ token }) => token) ?? []);
      const queues = nodes.map((node) => node?.queue ?? '-').join(' ');
      this.#say(
        `token hops ${Math.max(0, ...tokens)}; transmitting: ${transmitting.join(', ') || 'nobody'}; waiting ${queues}; ` +
          `delivered ${this.#finished()} of ${this.#total()}`,
      );
    }
  }

  /** A line for the record: above the drawing on a terminal, which is then drawn anew below it. */
  #say(words: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\u001b[J` : '';
    this.#drawn = 0;
    process.stdout.write(`${up}${seconds} s  ${words}\n`);
  }

  /** Prints how each ended, and checks that every message is in a log once. */
  #summarize(): boolean {
    for (const node of this.#nodes)
      process.stdout.write(`${node.summary || `node ${node.id}: no summary`}\n`);
    const delivered = this.#nodes.flatMap((node) => deliveriesOf(node).map((text) => `${node.id} ${text}`));
    const once = new Set(delivered).size === delivered.length && delivered.length === this.#total();
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    const well = once && this.#nodes.every(({ exit }) => exit === OK);
    const outcome = once
      ? 'every message was delivered once'
      : `${delivered.length} of ${this.#total()} were delivered`;
    process.stdout.write(
      `${count(this.#count, 'node')}, ${count(this.#total(), 'message')}, ${seconds} s: ${outcome}\n`,
    );
    return well;
  }
}

/** The source, number and text of each message in a node's delivery log. */
function deliveriesOf(node: DemoNode): string[] {
  try {
    const lines = readFileSync(join(node.directory, DELIVERIES_FILE), 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => line.replace(/^\d+ /, ''));
  } catch {
    return [];
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
