import { appendFileSync } from 'node:fs';
import { type Dialects, lengthPrefixed, lines, type Protocol } from '../../../src/index.ts';

export type DuetOptions = {
  /** Where each copy of the service says that it has stopped. */
  journal?: string;
  /** What `listening` throws. */
  fails?: string;
};

/** A service of two dialects that count together: one of lines, one of frames that begin with their length. */
export default async function duet({ journal, fails }: DuetOptions = {}): Promise<Dialects> {
  await null;
  let asked = 0;
  let heard: readonly string[] = [];
  const framing = lengthPrefixed();
  const line: Protocol<string> = {
    name: 'duet-line',
    framing: lines(),
    open: ({ dialect }) => `in by ${dialect}\n`,
    message: (text, { house }) => `${text} ${++asked} ${house.activeClients} ${house.waitingClients}\n`,
    wait: (place) => `place ${place}\n`,
    refuse: (cause) => `refused ${cause}\n`,
    farewell: (reason) => `bye ${reason}\n`,
  };
  const frames: Protocol = {
    name: 'duet-frames',
    framing,
    message: (bytes) => framing.encode(Buffer.from(`${bytes} ${++asked}`)),
  };
  return {
    name: 'duet',
    dialects: { line, frames },
    async listening(addresses) {
      await null;
      if (fails !== undefined) throw new Error(fails);
      heard = Object.entries(addresses).map(([name, { port }]) => `${name} ${port}`);
    },
    stats: () => ({ asked, heard }),
    async stop() {
      await null;
      if (journal !== undefined) appendFileSync(journal, 'stopped\n');
    },
  };
}
