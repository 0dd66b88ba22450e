import { existsSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, threadId, workerData } from 'node:worker_threads';
import { lines, type Protocol } from 'zocalo';

export type CrashingOptions = {
  /** Whether loading it fails everywhere but in the process and thread of the test. */
  failsInWorkers?: boolean;
  /** While there is a file of this name, loading it fails in workers. */
  failsWith?: string;
  /** While there is a file of this name, loading it takes that long in workers. */
  hangsWith?: string;
};

/** Whether this is a worker: a thread beside the main one, or a process with a channel where its input would be a terminal's or a file's. */
const inWorker = !isMainThread || process.argv[1]?.includes('/workers/entry.') === true;

/** A protocol whose worker can be made to die: each line is a way to. `home` answers where it is served. */
export default async function crashing({
  failsInWorkers = false,
  failsWith,
  hangsWith,
}: CrashingOptions = {}): Promise<Protocol<string>> {
  if (inWorker && (failsInWorkers || (failsWith !== undefined && existsSync(failsWith))))
    throw new Error('not here');
  while (inWorker && hangsWith !== undefined && existsSync(hangsWith)) await sleep(5);
  return {
    name: 'crashing',
    framing: lines(),
    message(line) {
      switch (line) {
        case 'home':
          return isMainThread ? `${process.pid}\n` : `thread ${threadId}\n`;
        case 'throw':
          setImmediate(() => {
            throw new Error('crashing');
          });
          return undefined;
        case 'exit':
          process.exit(7);
          break;
        case 'kill':
          process.kill(process.pid, 'SIGKILL');
          return undefined;
        case 'spin':
          for (;;);
        case 'freeze':
          process.kill(process.pid, 'SIGSTOP');
          return undefined;
        case 'garble':
          // It finds the channel to its supervisor, and writes into it what no worker says.
          writeSync(
            isMainThread ? 3 : (workerData as { channel: number }).channel,
            '{"type":"closed","id":1,"reason":"x"}',
          );
          return undefined;
      }
      return `${line}\n`;
    },
    refuse: (cause) => `refused ${cause}\n`,
  };
}
