import { appendFileSync } from 'node:fs';
import { type Dialects, lengthPrefixed, lines, type Protocol } from 'zocalo';

export type TwoDialectsOptions = {
  /** Where each copy of the service says that it has stopped. */
  journal?: string;
  /** What `listening` throws. */
  fails?: string;
};

/** A service of two dialects that count together: one of lines, one of frames that begin with their length. */
export default async function twoDialects({ journal, fails }: TwoDialectsOptions = {}): Promise<Dialects> {
  await null;
  let asked = 0;
  let heard: readonly string[] = [];
  const framing = lengthPrefixed();
  const line: Protocol<string> = {
    name: 'two-dialects-line',
    framing: lines(),
    open: ({ dialect }) => `in by ${dialect}\n`,
    message: (text, { server }) => `${text} ${++asked} ${server.activeClients} ${server.waitingClients}\n`,
    wait: (place) => `place ${place}\n`,
    refuse: (cause) => `refused ${cause}\n`,
    farewell: (reason) => `bye ${reason}\n`,
  };
  const frames: Protocol = {
    name: 'two-dialects-frames',
    framing,
    message: (bytes) => framing.encode(Buffer.from(`${bytes} ${++asked}`)),
  };
  return {
    name: 'two-dialects',
    dialects: { line, frames },
    async listening(addresses, notify) {
      notify('the endpoints are open');
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
