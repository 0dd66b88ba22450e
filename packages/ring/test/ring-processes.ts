import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Command, directory, run } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import type { Connector } from 'zocalo/internal';
import { freePorts } from '../src/command/demo-ring.ts';
import { askStatus, createControlConnector } from '../src/control/node-control.ts';
import type { NodeStatus } from '../src/control/status.ts';

export type RingOptions = {
  nodes: number;
  /** The messages of a node, one a line. */
  messages(id: number): string;
  /** Lines of ring.toml before the nodes. */
  settings?: string;
  /** Where node `id` listens; without it on loopback. */
  host?(id: number): string;
  /** What a node's command line is run with. */
  via?(id: number): (command: readonly string[]) => readonly string[];
};

/** A delivered message: to whom, from whom, and what. */
export type Delivered = { at: number; source: number; message: number; text: string };

/** A ring of real processes. */
export class Ring {
  readonly path: string;
  /** All nodes, the guests last. */
  readonly ids: number[];
  readonly #test: TestContext;
  readonly #options: RingOptions;
  readonly #ports: readonly number[];
  readonly #guests = new Map<number, { port: number; messages: string; asked: number }>();
  readonly #commands = new Map<number, Command>();
  readonly #connector: Connector;

  private constructor(
    test: TestContext,
    options: RingOptions,
    ports: readonly number[],
    connector: Connector,
  ) {
    this.#test = test;
    this.#options = options;
    this.#ports = ports;
    this.#connector = connector;
    this.ids = ports.map((_, id) => id);
    this.path = directory(test);
    this.writeConfig('ring.toml');
    for (const id of this.ids) writeFileSync(this.file(`messages-${id}`), options.messages(id));
  }

  /** Writes the files of a ring; no node is started. */
  static async make(test: TestContext, options: RingOptions): Promise<Ring> {
    const connector = await createControlConnector();
    test.after(() => connector.stop());
    return new Ring(test, options, await freePorts(options.nodes), connector);
  }

  /** Starts all nodes. */
  static async start(test: TestContext, options: RingOptions): Promise<Ring> {
    const ring = await Ring.make(test, options);
    for (const id of ring.ids) ring.start(id);
    return ring;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** @param portOf where a node is instead */
  writeConfig(
    name: string,
    portOf: (id: number) => number | undefined = () => undefined,
    settings = this.#options.settings ?? '',
  ): void {
    const { host = () => '127.0.0.1' } = this.#options;
    const nodes = this.#ports.map(
      (port, id) => `[[nodes]]\nid = ${id}\nhost = "${host(id)}"\nport = ${portOf(id) ?? port}\n`,
    );
    writeFileSync(this.file(name), `${withoutGivingUp(settings)}\n${nodes.join('')}`);
  }

  start(
    id: number,
    { config = 'ring.toml', state = `state-${id}`, flags = [] as readonly string[] } = {},
  ): Command {
    const guest = this.#guests.get(id);
    const args = ['ring', 'node', '--id', `${id}`];
    if (guest === undefined) args.push('--ring', this.file(config));
    else args.push('--join', this.address(guest.asked), '--listen', this.address(id));
    args.push(
      '--messages',
      this.file(`messages-${id}`),
      '--state',
      this.file(state),
      '--log',
      'json',
      ...flags,
    );
    const via = this.#options.via?.(id);
    const command = new Command(this.#test, args, via === undefined ? {} : { via });
    this.#commands.set(id, command);
    return command;
  }

  /** Starts a node that is in no `ring.toml`: it asks another one, which runs, for the ring. */
  async join(id: number, messages: string, asked = 0): Promise<Command> {
    await eventually(`node ${asked} answers`, async () => (await this.status(asked)) !== undefined);
    const [port = 0] = await freePorts(1);
    this.#guests.set(id, { port, messages, asked });
    if (!this.ids.includes(id)) this.ids.push(id);
    writeFileSync(this.file(`messages-${id}`), messages);
    return this.start(id);
  }

  /** Where a node listens. */
  address(id: number): string {
    const { host, port } = this.#place(id);
    return `${host}:${port}`;
  }

  #place(id: number): { id: number; host: string; port: number } {
    const port = this.#guests.get(id)?.port ?? (this.#ports[id] as number);
    return { id, host: this.#options.host?.(id) ?? '127.0.0.1', port };
  }

  node(id: number): Command {
    const command = this.#commands.get(id);
    assert.ok(command, `node ${id} runs`);
    return command;
  }

  /** Kills a node and waits until it is dead. */
  async kill(id: number): Promise<void> {
    this.node(id).signal('SIGKILL');
    await this.node(id).exited();
  }

  async status(id: number): Promise<NodeStatus | undefined> {
    return askStatus(this.#connector, this.#place(id));
  }

  /** Waits until these nodes are in one ring, all of them and no others. */
  async formed(members: readonly number[] = this.ids): Promise<void> {
    await eventually(`a ring of ${members}`, async () => {
      const all = await Promise.all(members.map((id) => this.status(id)));
      return all.every((status) => status?.state === 'ring' && status.members.join() === members.join());
    });
  }

  delivered(ids = this.ids): Delivered[] {
    return ids.flatMap((at) => {
      const file = this.file(`state-${at}/deliveries.log`);
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => {
        const [, source, message, ...text] = line.split(' ');
        return { at, source: Number(source), message: Number(message), text: text.join(' ') };
      });
    });
  }

  async deliveredAtLeast(count: number): Promise<void> {
    await eventually(`${count} messages are delivered`, () => this.delivered().length >= count);
  }

  /** Ends the ring, and checks that every process that is left ends well and says so in one line. */
  async stop(flags: readonly string[] = [], ids = this.ids): Promise<void> {
    // A ring ends with those that are in it: a majority can be one before the last node has begun.
    await this.formed(ids);
    await eventually('the ring can be stopped', async () => {
      const { status, stderr } = await run(this.#test, [
        'ring',
        'stop',
        '--ring',
        this.file('ring.toml'),
        ...flags,
      ]);
      if (status !== 0) this.#test.diagnostic(stderr.trim());
      return status === 0;
    });
    for (const id of ids) {
      const command = this.node(id);
      assert.equal(await command.exited(), 0, command.stderr);
      assert.match(command.stdout, new RegExp(`^node ${id}: .*\\d+ messages done, .*\\n$`));
    }
  }

  /** Checks that each message of every file is in its destination's log once, in the order of the file, and nothing else is. */
  assertAllDeliveredOnce(): void {
    const expected = this.ids.flatMap((source) =>
      (this.#guests.get(source)?.messages ?? this.#options.messages(source))
        .split('\n')
        .slice(0, -1)
        .map((line, index) => {
          const [destination, ...text] = line.split(' ');
          return `${source} to ${Number(destination)}: ${index + 1} ${text.join(' ')}`;
        }),
    );
    const all = this.delivered();
    const text = all.map(({ at, source, message, text }) => `${source} to ${at}: ${message} ${text}`);
    assert.deepEqual(text.toSorted(), expected.toSorted());
    const last = new Map<string, number>();
    for (const { at, source, message } of all) {
      const way = `${source} ${at}`;
      assert.ok(message > (last.get(way) ?? 0), `${way}: ${message} is in order`);
      last.set(way, message);
    }
  }
}

/** Messages for all the other nodes in turn. */
export function toAll(nodes: number, count: number): (id: number) => string {
  return (id) =>
    Array.from(
      { length: count },
      (_, i) => `${(id + 1 + (i % (nodes - 1))) % nodes} from ${id}, number ${i + 1}\n`,
    ).join('');
}

/** On a busy machine a node may need longer to come back than others wait for it by default, and its messages would be undeliverable. */
function withoutGivingUp(settings: string): string {
  if (/^give-up/m.test(settings)) return settings;
  const lines = /^\[timing\]$/m.test(settings) ? settings : `${settings}\n[timing]`;
  return lines.replace(/^\[timing\]$/m, '$&\ngive-up = 600000');
}
