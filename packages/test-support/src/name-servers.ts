import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { eventually } from './eventually.ts';
import { TemporaryFolder } from './journal.ts';
import { programPath } from './programs.ts';

/** An independent name server on 127.0.0.1, over UDP and TCP, ended with its block by its own pid. */
export class NameServer implements AsyncDisposable {
  readonly port: number;
  readonly process: ChildProcess;
  readonly #folder: TemporaryFolder;

  constructor(port: number, process: ChildProcess, folder: TemporaryFolder) {
    this.port = port;
    this.process = process;
    this.#folder = folder;
  }

  get pid(): number {
    return this.process.pid as number;
  }

  /** As `--upstream` takes it. */
  get upstream(): string {
    return `127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await exited;
    }
    this.#folder[Symbol.dispose]();
  }
}

export type UnboundOptions = {
  /** Zone files by the name of their zone. It answers for them as a resolver does, without AA. */
  zones: Readonly<Record<string, string>>;
  /** Whether it answers for the zones as their authority does, with AA. Default false. */
  authority?: boolean;
  /** More lines of the section `server:`, such as `local-data`. */
  server?: readonly string[];
};

/** Starts unbound, which asks no other server: what is in none of the zones does not exist, or fails when there is no zone `.`. */
export function startUnbound({ zones, authority = false, server = [] }: UnboundOptions): Promise<NameServer> {
  return start('unbound', (port, folder) => {
    const sections = Object.entries(zones).map(([name, text], index) => {
      const file = folder.file(`zone-${index}`);
      writeFileSync(file, text);
      return `auth-zone:
  name: "${name}"
  zonefile: "${file}"
  for-downstream: ${authority ? 'yes' : 'no'}
  for-upstream: yes
  fallback-enabled: no
`;
    });
    const file = folder.file('unbound.conf');
    writeFileSync(
      file,
      `server:
  interface: 127.0.0.1@${port}
  chroot: ""
  username: ""
  directory: "${folder.path}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "iterator"
  num-threads: 1
  incoming-num-tcp: 1000
${server.map((line) => `  ${line}\n`).join('')}remote-control:
  control-enable: no
${sections.join('')}`,
    );
    return ['-d', '-c', file];
  });
}

/** Starts dnsmasq, which asks no other server, with options such as `--address=/name/192.0.2.1`. */
export function startDnsmasq(options: readonly string[]): Promise<NameServer> {
  return start('dnsmasq', (port) => [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    '--listen-address=127.0.0.1',
    '--user=',
    '--pid-file=',
    '--log-facility=-',
    `--port=${port}`,
    ...options,
  ]);
}

/** A port can be taken by another program after it was found free: then another one is tried. */
async function start(
  program: string,
  argumentsFor: (port: number, folder: TemporaryFolder) => readonly string[],
): Promise<NameServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const folder = new TemporaryFolder();
    const child = spawn(programPath(program) as string, argumentsFor(port, folder), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const server = new NameServer(port, child, folder);
    const answers = await eventually(
      `${program} answers`,
      () => child.exitCode !== null || isAnswering(port),
    );
    if (answers && child.exitCode === null) return server;
    await server[Symbol.asyncDispose]();
    if (attempt === 3) throw new Error(`${program} does not start:\n${output}`);
  }
}

/** A port that neither TCP nor UDP has in use on 127.0.0.1. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const socket = createSocket('udp4');
    const bound = new Promise<boolean>((resolve) => {
      socket.on('error', () => resolve(false));
      socket.bind(port, '127.0.0.1', () => resolve(true));
    });
    const isFree = await bound;
    socket.close();
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}

/** Whether a server replies over UDP to a question, whatever it is. */
async function isAnswering(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  const question = Buffer.from('000101000001000000000000096c6f63616c686f73740000010001', 'hex');
  const replied = new Promise<boolean>((resolve) => {
    socket.on('message', () => resolve(true));
    socket.on('error', () => resolve(false));
    setTimeout(() => resolve(false), 100);
  });
  socket.connect(port, '127.0.0.1', () => socket.send(question));
  try {
    return await replied;
  } finally {
    socket.close();
  }
}

/** What a program printed, and how it ended; servers of this process go on meanwhile. */
export async function runProgram(
  name: string,
  args: readonly string[],
): Promise<{ output: string; status: number | null }> {
  const child = spawn(programPath(name) as string, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  await once(child, 'close');
  return { output, status: child.exitCode };
}
