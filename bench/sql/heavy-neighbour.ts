import { spawn } from 'node:child_process';
import { pgbench } from './pgbench.ts';

const ENDLESS = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';

/** Latencies of point look-ups at a moderate rate, alone and while another client runs a query without an end. */
export async function beside(port: number, seconds: number): Promise<string> {
  const measure = () =>
    percentiles(pgbench(port, ['-S', '-c', '2', '-R', '500', '-T', String(seconds)], true).latencies);
  const alone = measure();
  const args = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-X', '-c', ENDLESS, 'postgres'];
  const neighbour = spawn('psql', args, { stdio: 'ignore' });
  // It should be well under way.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const disturbed = measure();
  neighbour.kill('SIGINT');
  return `look-ups, alone: ${alone}\nlook-ups beside an endless query: ${disturbed}`;
}

function percentiles(latencies: readonly number[]): string {
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (part: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms of ${sorted.length}`;
}
