import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TIMEOUT_MS } from './eventually.ts';
import { TestClient } from './test-client.ts';

/** The file that is the command. */
export const MAIN = fileURLToPath(new URL('../../cli/bin/zocalo.js', import.meta.url));

export type StartOptions = {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Flags for Node itself. */
  node?: readonly string[];
  /** Another program to run it with, which gets Node and its arguments. */
  via?: (command: readonly string[]) => readonly string[];
};

/** A run of the command: a real process. */
export class Command {
  readonly process: ChildProcess;
  readonly #out: Buffer[] = [];
  readonly #err: Buffer[] = [];
  readonly #waiting = new Set<() => void>();
  #exit: number | NodeJS.Signals | undefined;

  /** Starts `zocalo` with arguments; the test kills it in the end. */
  constructor(test: TestContext, args: readonly string[], options: StartOptions = {}) {
    const line = [process.execPath, ...(options.node ?? []), MAIN, ...args];
    const [program = '', ...rest] = options.via?.(line) ?? line;
    // The user's npm settings and colours must make no difference.
    const { npm_lifecycle_event: _, FORCE_COLOR: __, ...env } = process.env;
    this.process = spawn(program, rest, {
      cwd: options.cwd,
      env: { ...env, NO_COLOR: '1', ...options.env },
      stdio: 'pipe',
    });
    this.process.stdout?.on('data', (bytes: Buffer) => this.#got(this.#out, bytes));
    this.process.stderr?.on('data', (bytes: Buffer) => this.#got(this.#err, bytes));
    // A command that ended early may not take what is typed any more.
    this.process.stdin?.on('error', () => {});
    this.process.once('close', (status, signal) => {
      this.#exit = status ?? signal ?? 'SIGKILL';
      for (const look of [...this.#waiting]) look();
    });
    test.after(() => this.process.kill('SIGKILL'));
  }

  get stdout(): string {
    return this.stdoutBytes.toString();
  }

  get stdoutBytes(): Buffer {
    return Buffer.concat(this.#out);
  }

  get stderr(): string {
    return Buffer.concat(this.#err).toString();
  }

  /** Types text, or sends bytes, to its stdin. */
  type(input: string | Uint8Array): void {
    this.process.stdin?.write(input);
  }

  /** Ends its stdin. */
  endInput(input: string | Uint8Array = ''): void {
    this.process.stdin?.end(input);
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Waits for its end: its exit status, or the signal that killed it. */
  exited(): Promise<number | NodeJS.Signals> {
    return this.until('its end', () => this.#exit);
  }

  /** Waits until what it has printed matches. */
  printed(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    return this.until(`${stream} with ${pattern}`, () => pattern.exec(this[stream]) ?? undefined);
  }

  /** Waits until something it printed makes `find` return a value. */
  until<Value>(what: string, find: () => Value | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const fail = (why: string) => () =>
        reject(new Error(`${why}: ${what}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`));
      const look = () => {
        const value = find();
        if (value !== undefined) done(() => resolve(value));
        else if (this.#exit !== undefined) done(fail('it ended without'));
      };
      const timer = setTimeout(() => done(fail('it never came')), TIMEOUT_MS);
      this.#waiting.add(look);
      look();
    });
  }

  #got(chunks: Buffer[], bytes: Buffer): void {
    chunks.push(bytes);
    for (const look of [...this.#waiting]) look();
  }
}

/** What a run that ended by itself came to. */
export type Outcome = { status: number | NodeJS.Signals; stdout: string; stderr: string };

/** Runs the command to its end with an input. */
export async function run(
  test: TestContext,
  args: readonly string[],
  options: StartOptions & { input?: string | Uint8Array } = {},
): Promise<Outcome> {
  const command = new Command(test, args, options);
  command.endInput(options.input);
  const status = await command.exited();
  return { status, stdout: command.stdout, stderr: command.stderr };
}

/** A server that the command runs, and where it is. */
export type Served = { command: Command; host: string; port: number; connect(): Promise<TestClient> };

/** Runs `zocalo serve` on a port of its own and waits until it listens. */
export async function served(
  test: TestContext,
  what: string,
  flags: readonly string[] = [],
  options: StartOptions = {},
): Promise<Served> {
  const command = new Command(test, ['serve', what, '--port', '0', ...flags], options);
  const [, bracketed, plain, port] = await command.printed(/listening on (?:\[(.+)\]|([\d.]+)):(\d+) /);
  const where = { host: bracketed ?? plain ?? '', port: Number(port) };
  const connect = async () => {
    const client = await TestClient.connect(where);
    test.after(() => client[Symbol.dispose]());
    return client;
  };
  return { command, ...where, connect };
}

/** A directory with files, removed after the test. */
export function directory(test: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'zocalo-'));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** A module that says at once what it works at; the answer takes as many milliseconds as the line says, or for ever. */
export const SLOW_MODULE = `
import { lines } from 'zocalo';
export default {
  name: 'slow',
  framing: lines(),
  wait: (place) => \`place \${place}\\n\`,
  message(line, client) {
    client.send('working\\n');
    return new Promise((resolve) => {
      if (line !== 'never') setTimeout(() => resolve(\`\${line} done\\n\`), Number(line));
    });
  },
};
`;

/** A module whose handler does not return from the line `hang`. */
export const HANGING_MODULE = `
import { lines } from 'zocalo';
export default {
  name: 'hanging',
  framing: lines(),
  message(line) {
    while (line === 'hang');
    return line + '\\n';
  },
};
`;
