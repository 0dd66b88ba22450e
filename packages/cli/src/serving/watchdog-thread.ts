import { unlinkSync } from 'node:fs';
import { isatty } from 'node:tty';
import { parentPort, workerData } from 'node:worker_threads';
import { FAILED } from '@zocalo/command';
import { LogSink, lostLinesText, plainLine } from '@zocalo/command/log';
import { exitImmediately, signalArrived } from 'zocalo/sys';
import type { WatchdogTask, WatchdogUpdate } from './watchdog.ts';

/*
 * Sees the signals that ask this process to stop, beside the main thread. While that handles them, it does nothing. When it does not, since
 * a handler does not return, the first is reported on stderr, and the second ends the process. One alone ends it as well when the time
 * for draining is over: a service manager sends no second.
 */

const CHECK_INTERVAL_MS = 200;
/** After how long without handling a signal the main thread counts as busy. */
const BUSY_AFTER_MS = 1_000;
/** How long stopping may take beyond draining: what services and workers are given (3 s and 5 s), and a little. */
const STOP_TIMEOUT_MS = 10_000;

const { watch, startedAt, handledAt, sameKeyPressMs, json } = workerData as WatchdogTask;
const stderr = await LogSink.ofStderr(lostLinesText(json));
let update: WatchdogUpdate = { drainTimeoutMs: Number.POSITIVE_INFINITY, sockets: [] };
parentPort?.on('message', (latest: WatchdogUpdate) => (update = latest));
parentPort?.postMessage('loaded');

/** In milliseconds, by the clock that all threads have in common. */
const milliseconds = (nanoseconds: bigint) => Number(nanoseconds) / 1e6;
let lookedAt = milliseconds(startedAt);
let signals = 0;
let firstAt = 0;
let lastAt = 0;
/** A signal that is not handled: when it was seen, and the check before that. */
let unhandled: { readonly since: number; readonly notBefore: number; reported: boolean } | undefined;

setInterval(() => {
  const now = milliseconds(process.hrtime.bigint());
  if (signalArrived(watch) && now - lastAt >= sameKeyPressMs) {
    signals++;
    if (signals === 1) firstAt = now;
    lastAt = now;
    unhandled = {
      since: unhandled?.since ?? now,
      notBefore: lookedAt,
      reported: unhandled?.reported ?? false,
    };
  }
  lookedAt = now;
  const handled = milliseconds(Atomics.load(handledAt, 0));
  if (unhandled !== undefined && handled >= unhandled.notBefore) unhandled = undefined;
  if (signals === 0) return;
  if (now - firstAt >= update.drainTimeoutMs + STOP_TIMEOUT_MS) end('stopping has taken too long');
  if (unhandled === undefined || now - unhandled.since < BUSY_AFTER_MS) return;
  if (signals > 1) end('it was told to stop at once, and is busy with a handler that does not return');
  if (now - firstAt >= update.drainTimeoutMs) end('it is busy with a handler that does not return');
  if (!unhandled.reported) {
    unhandled.reported = true;
    report(
      'busy',
      'it was told to stop, and is busy with a handler that does not return; a second signal ends it at once',
    );
  }
}, CHECK_INTERVAL_MS);

function report(event: string, message: string): void {
  // The terminal has just shown ^C.
  const lead = !json && isatty(2) ? '\n' : '';
  stderr.write(lead + plainLine(json, event, message));
}

function end(why: string): void {
  // Once it has begun to drain it has removed them itself, and another server may listen there.
  const left = Atomics.load(handledAt, 0) === 0n ? update.sockets : [];
  for (const path of left) {
    try {
      unlinkSync(path);
    } catch {
      // It has been removed.
    }
  }
  report('ended', `ended: ${why}; clients may have been cut off`);
  exitImmediately(FAILED);
}
