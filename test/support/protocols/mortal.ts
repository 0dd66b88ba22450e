import { isMainThread, threadId } from 'node:worker_threads';
import { lines, type Protocol } from '../../../src/index.ts';

export type MortalOptions = {
  /** Whether loading it fails everywhere but in the process and thread of the test. */
  failsInWorkers?: boolean;
};

/** Whether this is a worker: a thread beside the main one, or a process with a channel where its input would be a terminal's or a file's. */
const inWorker = !isMainThread || process.argv[1]?.includes('/workers/entry.') === true;

/** A protocol whose worker can be made to die: each line is a way to. `home` tells where it is served. */
export default function mortal({ failsInWorkers = false }: MortalOptions = {}): Protocol<string> {
  if (failsInWorkers && inWorker) throw new Error('not here');
  return {
    name: 'mortal',
    framing: lines(),
    message(line) {
      switch (line) {
        case 'home':
          return isMainThread ? `${process.pid}\n` : `thread ${threadId}\n`;
        case 'throw':
          setImmediate(() => {
            throw new Error('mortal');
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
      }
      return `${line}\n`;
    },
  };
}
