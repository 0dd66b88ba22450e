import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export type Zocalo = { readonly port: number; readonly file: string; stop(): Promise<void> };

/** `zocalo serve sql` in a process of its own. */
export async function startZocalo(flags: readonly string[], shared?: string): Promise<Zocalo> {
  const folder = mkdtempSync(join(tmpdir(), 'zocalo-bench-'));
  const file = shared ?? join(folder, 'bench.db');
  const args = [
    'serve',
    'sql',
    file,
    '--read-write',
    '--create',
    '--statement-timeout',
    'none',
    '--log',
    'off',
  ];
  const child = spawn(process.execPath, [MAIN, ...args, '--port', '0', '--line-port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      printed += bytes.toString();
      const found = /\(postgres\): listening on 127\.0\.0\.1:(\d+)/.exec(printed);
      if (found !== null) resolve(Number(found[1]));
    });
    child.once('exit', () => reject(new Error('zocalo ended')));
  });
  return {
    port,
    file,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
