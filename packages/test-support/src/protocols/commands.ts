import { AsyncLocalStorage } from 'node:async_hooks';
import { lookup } from 'node:dns/promises';
import { appendFileSync, existsSync, readlinkSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { type Client, fileSlice, lines, type Protocol, type Reply } from 'zocalo';

export type CommandOptions = {
  /** A file in which the protocol writes down what a test wants to know of it. */
  journal?: string;
  /** What a client hears as it enters. */
  greeting?: string;
  /** A message for a client that has waited, as it is let in. */
  admitted?: string;
  /** Whether the greeting is also the end, for all but the very first client. */
  onlyGreets?: boolean;
  halfClose?: boolean;
  concurrency?: number;
  /** While there is a file of this name, the protocol cannot be made. */
  failsWith?: string;
  /** Whether garbage is collected with every chunk of a flood, so that memory can be measured; with `--expose-gc`. */
  collects?: boolean;
};

type Answer = (words: string[], client: Client) => Reply;

const CHUNK = 65_536;

/** What `open` puts there is to be seen by the same client alone. */
const context = new AsyncLocalStorage<string>();

/** A line of numbered words for each number: an answer whose order can be checked. */
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `line ${i + 1}\n`);

/** A protocol that answers in every way there is: a line names the way, and what it needs. */
export default function commands(options: CommandOptions = {}): Protocol<string> {
  if (options.failsWith !== undefined && existsSync(options.failsWith)) throw new Error('cannot begin');
  const note = (entry: string): void => {
    if (options.journal !== undefined) appendFileSync(options.journal, `${entry}\n`);
  };

  const clients = new Map<number, Client>();

  /** Chunks that are made one by one as they are pulled; the journal records how many. */
  function* flood(bytes: number): Generator<Uint8Array> {
    try {
      for (let made = 0; made < bytes; made += CHUNK) {
        note('pulled');
        if (options.collects === true) globalThis.gc?.();
        yield Buffer.alloc(Math.min(CHUNK, bytes - made), made / CHUNK);
      }
    } finally {
      note('flood over');
    }
  }

  /** Unsolicited lines, of `size` bytes each, one a turn. */
  async function murmur(client: Client, count: number, size: number): Promise<undefined> {
    for (let i = 0; i < count; i++) {
      client.send(`${`${i} `.padEnd(size - 1, '.')}\n`);
      await turn();
    }
    note('murmured');
    return undefined;
  }

  const answers: Record<string, Answer> = {
    echo: (words) => `${words.join(' ')}\n`,
    nothing: () => undefined,
    later: ([milliseconds, ...words]) => sleep(Number(milliseconds), `${words.join(' ')}\n`),
    *count([to]) {
      yield* numbered(Number(to));
    },
    async *countLater([to]) {
      for (const line of numbered(Number(to))) {
        await turn();
        yield line;
      }
    },
    nested: () =>
      sleep(1, [
        ['a', Buffer.from('b'), null, ''],
        sleep(1, 'c'),
        (async function* () {
          yield 'd';
          yield ['e', undefined, '\n'];
        })(),
      ]),
    flood: ([bytes]) => flood(Number(bytes)),
    bytes: ([length]) => Buffer.alloc(Number(length), 'x'),
    file: async ([path = '', offset, length]) => fileSlice(await open(path), Number(offset), Number(length)),
    size: async ([path = '']) => `${(await readFile(path)).length}\n`,
    lookup: async ([name = '']) => `${(await lookup(name, 4)).address}\n`,
    active: (_, client) => `${client.server.activeClients}\n`,
    who: (_, client) => `${client.id} ${client.remoteAddress} ${client.remotePort} ${client.localPort}\n`,
    where: () => `${readlinkSync('/proc/thread-self')}\n`,
    spin([path = '']) {
      note('spins');
      while (!existsSync(path));
      return 'spun\n';
    },
    murmur: ([count, size], client) => murmur(client, Number(count), Number(size)),
    tell([to, ...words]) {
      if (to !== 'all') return `${clients.get(Number(to))?.send(`${words.join(' ')}\n`)}\n`;
      for (const other of clients.values()) other.send(`${words.join(' ')}\n`);
      return undefined;
    },
    join([name = ''], client) {
      client.join(name);
      return 'joined\n';
    },
    leave([name = ''], client) {
      client.leave(name);
      return 'left\n';
    },
    say([name = '', ...words], client) {
      client.server.group(name).send(`${words.join(' ')}\n`, { except: client });
      return 'said\n';
    },
    /** So many lines of so many bytes, numbered, with the number of the sender. */
    recite([name = '', count, size], client) {
      const group = client.server.group(name);
      for (let i = 0; i < Number(count); i++)
        group.send(`${`${client.id} ${i} `.padEnd(Number(size) - 1, '.')}\n`, { except: client });
      return 'recited\n';
    },
    members: ([name = ''], client) => `${client.server.group(name).size}\n`,
    end([id]) {
      clients.get(Number(id))?.end();
      return `ended ${id}\n`;
    },
    block: async ([path = '']) => {
      note('blocks');
      const file = await open(path);
      await file.close();
      return 'unblocked\n';
    },
    bye(_, client) {
      client.end();
      return 'bye\n';
    },
    never(_, client) {
      client.signal.addEventListener('abort', () => note(`aborted ${client.signal.reason}`));
      note('never');
      return new Promise<never>(() => {});
    },
    throw() {
      throw new Error('thrown');
    },
    reject: () => Promise.reject(new Error('rejected')),
    crash() {
      setTimeout(() => {
        throw new Error('crashed');
      });
      return undefined;
    },
    exit: ([status]) => process.exit(Number(status)),
    *half() {
      yield 'half ';
      throw new Error('half-way');
    },
    async *halfLater() {
      yield 'half ';
      await turn();
      throw new Error('half-way, later');
    },
    async *stall(): AsyncGenerator<string> {
      yield 'half ';
      await new Promise<never>(() => {});
    },
    nonsense: () => 42 as unknown as Reply,
    /** What a careless handler does with JSON of its client. */
    careless([way, ...json], client) {
      const { text } = JSON.parse(json.join(' ')) as { text: string };
      if (way === 'reply') return text;
      if (way === 'generator')
        return (async function* () {
          yield text;
        })();
      if (way === 'later') setTimeout(() => client.send(text), 1);
      else client.send(text);
      return undefined;
    },
    push([bytes], client) {
      client.send(Buffer.alloc(Number(bytes), 'x'));
      return 'pushed\n';
    },
    /** What it enters is for this call alone. It takes some turns on its way, so that others have theirs. */
    context: async ([name = ''], client) => {
      const before = context.getStore();
      context.enterWith(name);
      client.send('');
      await turn();
      return `${before} ${context.getStore()}\n`;
    },
  };

  const { greeting, halfClose, concurrency } = options;
  return {
    name: 'commands',
    framing: lines(),
    ...(halfClose === undefined ? {} : { halfClose }),
    ...(concurrency === undefined ? {} : { concurrency }),
    open(client) {
      clients.set(client.id, client);
      context.enterWith(`client ${client.id}`);
      if (options.onlyGreets && client.id > 1) client.end();
      return greeting;
    },
    message(line, client) {
      const [name = '', ...words] = line.split(' ');
      const answer = answers[name];
      return answer === undefined ? `what is "${name}"?\n` : answer(words, client);
    },
    close(client, reason) {
      clients.delete(client.id);
      note(`closed ${client.id} ${reason}`);
    },
    error: (error) => `error ${(error as Error).message}\n`,
    farewell: (reason) => `farewell ${reason}\n`,
    refuse: (cause) => `refused ${cause}\n`,
    wait: (place) => `place ${place}\n`,
    admit: () => options.admitted,
  };
}
