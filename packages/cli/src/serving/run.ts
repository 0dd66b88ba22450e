import { setImmediate } from 'node:timers/promises';
import { count, cutOff, FAILED, OK } from '@zocalo/command';
import { createLog, type Log, logFormat } from '@zocalo/command/log';
import { StopSignals } from '@zocalo/command/signals';
import { formatDuration, type Settings } from 'zocalo/service';
import type { Plan } from './plan.ts';
import { type Running, startAll } from './start.ts';
import { Watchdog } from './watchdog.ts';

/** How often the number of clients that are left is printed. */
const PROGRESS_INTERVAL_MS = 1_000;
/** How long stopping may take after a second signal, in milliseconds; threads and processes are ended with this process. */
const FORCED_STOP_TIMEOUT_MS = 1_000;

/**
 * Starts servers and runs them until a signal; then it drains, and a second signal breaks off what is left.
 * @param settings of the log
 * @param strict whether all are stopped when one cannot be started
 * @param announce what is printed once they listen
 * @returns the exit status: 1 when a client was cut off or a server could not be started, otherwise 0
 * @throws Failure when none could be started, or, with `strict`, one
 */
export async function runServers(
  plans: readonly Plan[],
  settings: Settings,
  strict: boolean,
  announce: (running: readonly Running[]) => string,
): Promise<number> {
  const log = await createLog(settings);
  const signals = new StopSignals();
  // Otherwise it would end a process that has no log file to open anew.
  if (process.platform !== 'win32') process.on('SIGUSR2', () => log.reopen());
  const watchdog = await Watchdog.start(
    signals,
    logFormat(settings) === 'json' && settings['log-file'] === undefined,
  );
  try {
    const { running, failures, stopped } = await startAll(plans, log, strict, signals.first);
    if (stopped) {
      log.print('stopped before it served');
      await log.end();
      return failures.length === 0 ? OK : FAILED;
    }
    watchdog.guard(running);
    process.stdout.write(announce(running));
    const cut = await runUntilStopped(running, signals, log);
    await log.end();
    return cut === 0 && failures.length === 0 ? OK : FAILED;
  } finally {
    await watchdog.loaded();
  }
}

/** @returns how many clients were cut off */
async function runUntilStopped(running: readonly Running[], signals: StopSignals, log: Log): Promise<number> {
  const servers = running.map(({ server }) => server);
  const left = () => servers.reduce((sum, { activeClients }) => sum + activeClients, 0);
  let longest = 0;
  for (const { events } of servers)
    events.on('draining', ({ timeoutMs }) => (longest = Math.max(longest, timeoutMs)));

  await signals.first.then(afterKeyPress);
  let reported = left();
  const draining = Promise.all(servers.map((server) => server.drain()));
  // The servers emit `draining`, with its time limit, in a later turn.
  await setImmediate();
  if (reported > 0) {
    const limit = longest === Number.POSITIVE_INFINITY ? '' : `, ${formatDuration(longest)} at most`;
    const again = process.stdin.isTTY ? '; Ctrl-C again ends at once' : '';
    log.print(`draining, ${count(reported, 'client')} left${limit}${again}`);
  }
  const progress = setInterval(() => {
    if (left() !== reported) log.print(`draining, ${count(left(), 'client')} left`);
    reported = left();
  }, PROGRESS_INTERVAL_MS);

  const hurried = signals.second.then(async (signal) => {
    afterKeyPress(signal);
    const active = left();
    for (const server of servers) void server.close();
    await new Promise((resolve) => setTimeout(resolve, FORCED_STOP_TIMEOUT_MS));
    return active;
  });
  const cut = await Promise.race([
    draining.then((reports) => reports.reduce((sum, report) => sum + report.cut, 0)),
    hurried,
  ]);
  clearInterval(progress);
  log.print(cut === 0 ? 'stopped' : `stopped; ${cutOff(cut)}`);
  return cut;
}

/** The terminal has just shown ^C. */
function afterKeyPress(signal: NodeJS.Signals): void {
  if (signal === 'SIGINT' && process.stderr.isTTY) process.stderr.write('\n');
}
