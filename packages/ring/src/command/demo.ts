import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { count, FAILED, INTERRUPTED, OK } from '@zocalo/command';
import { StopSignals } from '@zocalo/command/signals';
import { createControlConnector } from '../control/node-control.ts';
import { type DemoNode, DemoRing, deliveriesOf } from './demo-ring.ts';
import { drawRing, type ProcessState } from './drawing.ts';

/** How often the nodes are asked, and the ring is drawn. */
const REFRESH_INTERVAL_MS = 80;
/** How often progress is printed where there is no drawing. */
const PROGRESS_INTERVAL_MS = 1_000;
/** A terminal of less than this gets lines instead of a drawing. */
const MIN_COLUMNS = 60;
const MIN_ROWS = 14;
/** How long a killed node stays away. */
const RESTART_DELAY_MS = 2_500;

/** `zocalo ring demo`. @returns the exit status */
export async function runDemo(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-ring-'));
  const options = {
    nodes: (flags.nodes as number | undefined) ?? 5,
    messages: (flags.messages as number | undefined) ?? 8,
    hopDelayMs: (flags['hop-delay'] as number | undefined) ?? 60,
  };
  const view = new DemoView();
  let ring: DemoRing | undefined;
  try {
    ring = await DemoRing.prepare(directory, options, (text) => view.print(text));
    return await run(ring, view, flags.kill === true);
  } finally {
    ring?.signalAll('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

async function run(ring: DemoRing, view: DemoView, kill: boolean): Promise<number> {
  const signals = new StopSignals();
  let interrupted = false;
  void signals.first.then(() => {
    interrupted = true;
    ring.signalAll('SIGTERM');
  });
  void signals.second.then(() => ring.signalAll('SIGKILL'));
  const connector = await createControlConnector();
  for (const node of ring.nodes) ring.start(node);

  let stopping = false;
  let target = kill ? ring.nodes[Math.floor(ring.nodes.length / 2)] : undefined;
  let restarting: DemoNode | undefined;
  let restartAt = Number.POSITIVE_INFINITY;
  while (ring.isRunning) {
    await Promise.all([ring.askAll(connector), sleep(REFRESH_INTERVAL_MS)]);
    view.show(ring);
    if (target !== undefined && ring.delivered >= ring.total / 3) {
      target.process?.kill('SIGKILL');
      view.print(`node ${target.id} is killed`);
      restarting = target;
      target = undefined;
      restartAt = performance.now() + RESTART_DELAY_MS;
    }
    const due = restarting?.process === undefined && performance.now() > restartAt && !interrupted;
    if (restarting !== undefined && due) {
      view.print(`node ${restarting.id} is started again`);
      ring.start(restarting);
      restarting = undefined;
    }
    // A ring ends with those that are in it, so the last one has to be back before.
    const complete = target === undefined && restarting === undefined && ring.isComplete;
    if (!stopping && complete && ring.delivered >= ring.total) {
      view.print('all messages have their outcome; node 0 ends the ring');
      const answer = await ring.nodes[0]?.control?.ask({ command: 'stop', now: false });
      stopping = answer?.ok === true;
    }
  }
  await connector.stop();
  view.draw(ring);
  if (interrupted) return INTERRUPTED;
  return view.summarize(ring) ? OK : FAILED;
}

/** What is printed: a drawing on a terminal, lines elsewhere. */
class DemoView {
  readonly #startedAt = performance.now();
  /** How many lines of the drawing are on the terminal, and the size it had. */
  #drawn = 0;
  #drawnFor = '';
  #printedAt = 0;

  show(ring: DemoRing): void {
    const elapsed = performance.now() - this.#startedAt;
    const nodes = ring.nodes.map(({ status }) => status);
    if (!this.draw(ring) && elapsed - this.#printedAt >= PROGRESS_INTERVAL_MS) {
      this.#printedAt = elapsed;
      const transmitting = nodes.flatMap((node) =>
        node?.lanes.some(({ inFlight }) => inFlight.length > 0) ? [node.id] : [],
      );
      const tokens = nodes.flatMap((node) => node?.lanes.map(({ token }) => token) ?? []);
      const queues = nodes.map((node) => node?.queue ?? '-').join(' ');
      this.print(
        `token hops ${Math.max(0, ...tokens)}; transmitting: ${transmitting.join(', ') || 'none'}; waiting ${queues}; ` +
          `delivered ${ring.delivered} of ${ring.total}`,
      );
    }
  }

  /** Draws the ring, if there is a terminal with the room for it. @returns whether there is */
  draw(ring: DemoRing): boolean {
    const { columns = 80, rows = 24 } = process.stdout;
    if (!process.stdout.isTTY || columns < MIN_COLUMNS || rows < MIN_ROWS) {
      this.#drawn = 0;
      return false;
    }
    const elapsed = performance.now() - this.#startedAt;
    const nodes = ring.nodes.map((node) => ({
      id: node.id,
      processState: processStateOf(node),
      status: node.last,
    }));
    const size = { columns, rows: rows - 1 };
    const lines = drawRing({ nodes, elapsed, delivered: ring.delivered, messages: ring.total, size });
    // Where the terminal has another size now, what was drawn is not where it was.
    const resized = this.#drawn > 0 && this.#drawnFor !== `${columns} ${rows}`;
    const up = resized ? '\u001b[2J\u001b[H' : this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
    process.stdout.write(`${up}${lines.map((line) => `${line}\u001b[K\n`).join('')}`);
    this.#drawn = lines.length;
    this.#drawnFor = `${columns} ${rows}`;
    return true;
  }

  /** A line for the record: above the drawing on a terminal, which is then drawn anew below it. */
  print(text: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\u001b[J` : '';
    this.#drawn = 0;
    process.stdout.write(`${up}${seconds} s  ${text}\n`);
  }

  /** Prints how each ended, and checks that every message is in a log once. */
  summarize(ring: DemoRing): boolean {
    for (const node of ring.nodes) process.stdout.write(`${node.summary || `node ${node.id}: no summary`}\n`);
    const delivered = ring.nodes.flatMap((node) => deliveriesOf(node).map((text) => `${node.id} ${text}`));
    const once = new Set(delivered).size === delivered.length && delivered.length === ring.total;
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    const well = once && ring.nodes.every(({ exit }) => exit === OK);
    const outcome = once
      ? 'every message was delivered once'
      : `${delivered.length} of ${ring.total} were delivered`;
    process.stdout.write(
      `${count(ring.nodes.length, 'node')}, ${count(ring.total, 'message')}, ${seconds} s: ${outcome}\n`,
    );
    return well;
  }
}

/** What is shown of a node that is not in a ring, or does not run. */
function processStateOf({ process: child, status, last, exit }: DemoNode): ProcessState {
  if (child !== undefined)
    return status !== undefined ? 'running' : last === undefined ? 'starting' : 'silent';
  return exit === undefined ? 'starting' : exit === OK ? 'ended' : 'dead';
}
