import { setImmediate } from 'node:timers/promises';
import { formatDuration } from '../services/duration.ts';
import { count, cutOff } from './event-words.ts';
import { FAILED, OK } from './failure.ts';
import type { Log } from './log.ts';
import type { Running } from './start.ts';
import type { StopSignals } from './stop-signals.ts';

/** How often it is said how many clients are left, in milliseconds. */
const PROGRESS = 1_000;

/**
 * Waits for a signal, then drains; a second signal breaks off what is left.
 * @returns the exit status: 1 when a client was cut off, otherwise 0
 */
export async function runUntilStopped(
  running: readonly Running[],
  signals: StopSignals,
  log: Log,
): Promise<number> {
  const servers = running.map(({ server }) => server);
  const left = () => servers.reduce((sum, { activeClients }) => sum + activeClients, 0);
  const say = (words: string) => {
    // Among the lines of a JSON log other words would be a nuisance; there, draining and stopping are events.
    if (log.format !== 'json') process.stderr.write(`zocalo: ${words}\n`);
  };
  let longest = 0;
  for (const { events } of servers)
    events.on('draining', ({ timeout }) => (longest = Math.max(longest, timeout)));

  await signals.first.then(afterKeyPress);
  let told = left();
  const draining = Promise.all(servers.map((server) => server.drain()));
  // The servers tell how long they may take in a turn of their own.
  await setImmediate();
  if (told > 0) {
    const limit = longest === Number.POSITIVE_INFINITY ? '' : `, ${formatDuration(longest)} at most`;
    const again = process.stdin.isTTY ? '; Ctrl-C again ends at once' : '';
    say(`draining, ${count(told, 'client')} left${limit}${again}`);
  }
  const progress = setInterval(() => {
    if (left() !== told) say(`draining, ${count(left(), 'client')} left`);
    told = left();
  }, PROGRESS);

  void signals.second.then((signal) => {
    afterKeyPress(signal);
    for (const server of servers) void server.close();
  });
  const cut = (await draining).reduce((sum, report) => sum + report.cut, 0);
  clearInterval(progress);
  say(cut === 0 ? 'stopped' : `stopped; ${cutOff(cut)}`);
  await log.end();
  return cut === 0 ? OK : FAILED;
}

/** The terminal has just shown ^C. */
function afterKeyPress(signal: NodeJS.Signals): void {
  if (signal === 'SIGINT' && process.stderr.isTTY) process.stderr.write('\n');
}
