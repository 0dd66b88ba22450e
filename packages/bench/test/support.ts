import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EchoLoad } from '../src/load/task.ts';

/** A directory that is removed after the test. */
export function directory(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'zocalo-measure-'));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The command that runs a program of a few lines. */
export function program(test: TestContext, text: string): readonly string[] {
  const path = join(directory(test), 'program.cjs');
  writeFileSync(path, text);
  return [process.execPath, path];
}

/** An echo server with something about it: `onData` is an expression for what it does with `bytes` of `socket`. */
export function server(test: TestContext, onData: string, before = ''): readonly string[] {
  return program(
    test,
    `${before}
     const server = require('node:net').createServer({ noDelay: true }, (socket) => {
       socket.on('data', (bytes) => { ${onData}; });
       socket.on('error', () => {});
     });
     server.listen(0, '127.0.0.1', () => console.log('listening ' + server.address().port));`,
  );
}

export const echo = 'socket.write(bytes)';

/** A short load; no figure of it means anything. */
export function load(given: Partial<EchoLoad> = {}): EchoLoad {
  const short = { bytes: 64, depth: 1, warmupSeconds: 0.05, seconds: 0.1 };
  return { kind: 'echo', clients: 3, idleClients: 0, ...short, ...given };
}

/** Whether a process is there and has not ended; a zombie has ended. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}
