import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeCommand } from '../../src/package-module.ts';
import { startServer } from '../../src/runner/processes.ts';

const MAIN = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const ANNOUNCEMENT = /\(postgres\): listening on 127\.0\.0\.1:(\d+)/;

export type Zocalo = { readonly port: number; readonly file: string; stop(): Promise<void> };

/** `zocalo serve sql` in a process of its own. */
export async function startZocalo(flags: readonly string[], sharedFile?: string): Promise<Zocalo> {
  const folder = mkdtempSync(join(tmpdir(), 'zocalo-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = sharedFile ?? join(folder, 'bench.db');
  const { port, stop } = await startServer(
    [
      ...nodeCommand(MAIN),
      ...['serve', 'sql', file, '--read-write', '--create', '--statement-timeout', 'none', '--log', 'off'],
      ...['--port', '0', '--line-port', '0', ...flags],
    ],
    { announcement: ANNOUNCEMENT, timeoutMs: START_TIMEOUT_MS },
  );
  return { port, file, stop };
}
