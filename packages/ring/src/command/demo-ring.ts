import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { FAILED } from '@zocalo/command';
import type { Connector } from 'zocalo/internal';
import { NodeControl } from '../control/node-control.ts';
import type { NodeStatus } from '../control/status.ts';
import { DELIVERIES_FILE } from '../journal/state-directory.ts';

/** What the nodes send each other. */
const SAMPLE_TEXTS = [
  'hello',
  'good morning',
  'are you there?',
  'good news',
  'pass it on',
  'see you at noon',
  'thanks',
];

/** A node of the demonstration, and its process. */
export type DemoNode = {
  readonly id: number;
  readonly port: number;
  readonly directory: string;
  process: ChildProcess | undefined;
  /** The answer to the last request, if there was one. */
  status: NodeStatus | undefined;
  /** The last answer of this process. */
  last: NodeStatus | undefined;
  control: NodeControl | undefined;
  /** Its last line on stdout, and its exit status. */
  summary: string;
  exit: number | undefined;
};

/** The processes of a demonstration, with their files in a directory. */
export class DemoRing {
  readonly nodes: readonly DemoNode[];
  /** How many messages there are in all. */
  readonly total: number;
  readonly #directory: string;
  readonly #onEvent: (text: string) => void;

  private constructor(
    directory: string,
    nodes: readonly DemoNode[],
    total: number,
    onEvent: (text: string) => void,
  ) {
    this.#directory = directory;
    this.nodes = nodes;
    this.total = total;
    this.#onEvent = onEvent;
  }

  /** Writes a ring.toml and the messages of each node, on ports that are free now. No process is started. */
  static async prepare(
    directory: string,
    { nodes: count, messages, hopDelayMs }: { nodes: number; messages: number; hopDelayMs: number },
    onEvent: (text: string) => void,
  ): Promise<DemoRing> {
    const nodes = (await freePorts(count)).map((port, id) => ({
      id,
      port,
      directory: join(directory, `node-${id}`),
      process: undefined,
      status: undefined,
      last: undefined,
      control: undefined,
      summary: '',
      exit: undefined,
    }));
    // Acknowledgements are delayed at each hop like all frames: what the timers wait for comes later by that much.
    const delay = hopDelayMs;
    const timing = {
      resend: 100 + 4 * delay,
      dead: 400 + 8 * delay,
      settle: 120 + 4 * delay,
      gather: 300 + (8 + 2 * count) * delay,
      loss: 600 + 4 * count * delay,
    };
    const lines = [
      'name = "demo"',
      'deputies = [1]',
      `hop-delay = ${delay}`,
      '[timing]',
      ...Object.entries(timing).map(([key, value]) => `${key} = ${value}`),
      ...nodes.flatMap(({ id, port }) => ['[[nodes]]', `id = ${id}`, `port = ${port}`]),
    ];
    writeFileSync(join(directory, 'ring.toml'), `${lines.join('\n')}\n`);
    for (const { id } of nodes) {
      const file = Array.from({ length: messages }, (_, number) => {
        const destination = (id + 1 + (number % (count - 1))) % count;
        return `${destination} ${SAMPLE_TEXTS[(id + number) % SAMPLE_TEXTS.length]} (${id}.${number + 1})\n`;
      });
      writeFileSync(join(directory, `messages-${id}`), file.join(''));
    }
    return new DemoRing(directory, nodes, count * messages, onEvent);
  }

  start(node: DemoNode): void {
    const file = (name: string) => join(this.#directory, name);
    node.status = undefined;
    node.last = undefined;
    node.exit = undefined;
    const child = spawn(
      process.execPath,
      [
        ...process.execArgv,
        process.argv[1] as string,
        ...['ring', 'node', '--id', `${node.id}`, '--ring', file('ring.toml')],
        ...['--messages', file(`messages-${node.id}`), '--state', node.directory, '--log', 'json'],
      ],
      // The channel closes when this process is gone, however it ended, and the node ends with it.
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    node.process = child;
    child.stdout?.on('data', (bytes: Buffer) => (node.summary = bytes.toString().trim()));
    let rest = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#onLogLine(node, line);
    });
    child.once('close', (status) => {
      node.process = undefined;
      node.status = undefined;
      node.control = undefined;
      node.exit = status ?? FAILED;
    });
  }

  signalAll(signal: NodeJS.Signals): void {
    for (const { process: child } of this.nodes) child?.kill(signal);
  }

  get isRunning(): boolean {
    return this.nodes.some(({ process: child }) => child !== undefined);
  }

  /** Whether all nodes are in one ring. */
  get isComplete(): boolean {
    return this.nodes.every(
      ({ status }) => status?.state === 'ring' && status.members.length === this.nodes.length,
    );
  }

  /** How many messages are in the delivery logs, of nodes that do not run as well. */
  get delivered(): number {
    return this.nodes.reduce((sum, node) => sum + deliveriesOf(node).length, 0);
  }

  /** Asks all nodes for their status. */
  async askAll(connector: Connector): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node) => {
        if (node.process === undefined) return;
        node.control ??= await NodeControl.open(connector, {
          id: node.id,
          host: '127.0.0.1',
          port: node.port,
        });
        const answer = await node.control?.ask({ command: 'status' });
        node.status = answer?.ok === true ? answer.status : undefined;
        node.last = node.status ?? node.last;
        if (answer === undefined) node.control = undefined;
      }),
    );
  }

  #onLogLine(node: DemoNode, line: string): void {
    if (!line.startsWith('{')) {
      process.stderr.write(`node ${node.id}: ${line}\n`);
      return;
    }
    const { event, msg } = JSON.parse(line) as { event: string; msg: string };
    if (event !== 'state') this.#onEvent(`node ${node.id}: ${msg}`);
  }
}

/** The source, number and text of each message in a node's delivery log. */
export function deliveriesOf(node: DemoNode): string[] {
  try {
    const lines = readFileSync(join(node.directory, DELIVERIES_FILE), 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => line.replace(/^\d+ /, ''));
  } catch {
    return [];
  }
}

/** Ports of loopback that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
