import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ServeOptions, ServerStats } from 'zocalo';
import { eventually, soon } from './eventually.ts';
import type { Subject } from './models.ts';
import type { ProtocolModule } from './serving.ts';
import type { ConnectAddress } from './test-client.ts';

/** What a server process serves. */
export type ServerTask = {
  subject: Subject;
  module: ProtocolModule;
  protocol: object;
  options: ServeOptions;
};

/** What a server process can be asked. */
type Answers = {
  stats: ServerStats;
  /** The errors it has reported, as text. */
  errors: string[];
  /** How many descriptors were open before it listened, and are now. */
  descriptors: { before: number; now: number };
  close: undefined;
  /** Calls `process.exit` with the status 3, and so does not answer. */
  exit: never;
};
export type Question = keyof Answers;

export type ProcessOptions = {
  /** The most descriptors the process may open: the hard limit, since Node raises the soft one to it. */
  descriptorLimit?: number;
  /** The network namespace in which it runs, one of ip-netns(8). */
  network?: string;
};

/** A process of ours with an IPC channel, ended with its block by its own pid. */
export class TestProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  #questions = 0;

  constructor(script: string, argument: object, { descriptorLimit, network }: ProcessOptions = {}) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const command = [process.execPath, '--expose-gc', path, JSON.stringify(argument)];
    const limited = ['sh', '-c', `ulimit -n ${descriptorLimit}; exec "$0" "$@"`, ...command];
    const within = network === undefined ? [] : ['ip', 'netns', 'exec', network];
    const [program = '', ...args] = [...within, ...(descriptorLimit === undefined ? command : limited)];
    this.child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.exited = once(this.child, 'exit').then(([code, signal]) => ({ code, signal }));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** The next message of the process that fits. */
  message<Message>(fits: (message: Message) => boolean): Promise<Message> {
    const { child } = this;
    const found = new Promise<Message>((resolve, reject) => {
      const onMessage = (message: unknown) => {
        if (!fits(message as Message)) return;
        child.off('message', onMessage);
        child.off('exit', onExit);
        resolve(message as Message);
      };
      const onExit = (code: number | null) => reject(new Error(`the process ended with status ${code}`));
      child.on('message', onMessage);
      child.once('exit', onExit);
    });
    return soon('a message of the process', found);
  }

  async ask<Asked extends Question>(question: Asked): Promise<Answers[Asked]> {
    const id = ++this.#questions;
    const answer = this.message<{ id: number; answer: Answers[Asked] }>((message) => message.id === id);
    this.child.send({ id, question });
    return (await answer).answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** A server in a process of its own. */
export class ServerProcess extends TestProcess {
  address: ConnectAddress = { host: '', port: 0 };

  /** Closes the server, and asserts that it leaves no descriptor behind and that its process ends by itself. */
  async endsCleanly(): Promise<void> {
    await this.ask('close');
    await eventually('all descriptors are closed', async () => {
      const { before, now } = await this.ask('descriptors');
      return now <= before;
    });
    this.child.disconnect();
    assert.deepEqual(await soon('the process ends', this.exited), { code: 0, signal: null });
  }

  static async start(task: ServerTask, options?: ProcessOptions): Promise<ServerProcess> {
    const started = new ServerProcess('./server-process.ts', task, options);
    const { address } = await started.message<{ address?: ConnectAddress }>(
      (message) => message.address !== undefined,
    );
    started.address = address as ConnectAddress;
    return started;
  }
}
