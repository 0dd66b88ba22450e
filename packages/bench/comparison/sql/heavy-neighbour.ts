import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../src/runner/statistics.ts';
import { pgbench } from './pgbench.ts';

const ENDLESS = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';

/** Long enough for the endless query to be under way. */
const NEIGHBOUR_START_MS = 1_000;

/** Latencies of point look-ups at a moderate rate, alone and while another client runs a query without an end. */
export async function beside(port: number, seconds: number): Promise<string> {
  const measure = () =>
    describe(pgbench(port, ['-S', '-c', '2', '-R', '500', '-T', String(seconds)], true).latenciesMs);
  const alone = measure();
  const args = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-X', '-c', ENDLESS, 'postgres'];
  const neighbour = spawn('psql', args, { stdio: 'ignore' });
  await sleep(NEIGHBOUR_START_MS);
  const disturbed = measure();
  neighbour.kill('SIGINT');
  return `look-ups, alone: ${alone}\nlook-ups beside an endless query: ${disturbed}`;
}

function describe(latenciesMs: readonly number[]): string {
  const at = (part: number) => `${percentile(latenciesMs, part).toFixed(2)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)} of ${latenciesMs.length}`;
}
