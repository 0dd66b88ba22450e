import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { OptionError } from '../../errors.ts';
import { crc32c } from './crc32c.ts';
import { defaultTiming, MAX_NODES, type Timing } from './protocol/options.ts';

/** Where a node listens, and is dialled by the others. */
export type RingNodePlace = { readonly id: number; readonly host: string; readonly port: number };

/** What all nodes of a ring have in common: the contents of `ring.toml`. */
export type RingConfig = {
  readonly name: string;
  /** In ring order, clockwise. */
  readonly nodes: readonly RingNodePlace[];
  /** W: how many messages a node may have on their lap at once with one token. */
  readonly window: number;
  /** Whether what a node must not forget is on its disk before it is acknowledged. */
  readonly durable: boolean;
  /** Who may end the ring when node 0 is gone, in this order. */
  readonly deputies: readonly number[];
  readonly timing: Partial<Timing>;
  /** How long every frame waits before it is sent, in milliseconds: to watch a ring at work. */
  readonly hopDelay: number;
};

/** The most that one direction may have in flight: a token's window is a count of bits nowhere, but memory is finite. */
const MOST_WINDOW = 1_024;
const LONGEST_TIME = 3_600_000;

/** The keys of `[timing]` by the names of the step function: `dial-first` is `dialFirst`. */
const timingKeys = new Map(
  (Object.keys(defaultTiming) as (keyof Timing)[]).map((name) => [
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    name,
  ]),
);

/** Reads and checks a file. @throws OptionError that names the file and the place in it */
export function readRingConfig(file: string): RingConfig {
  return parseRingConfig(readRingText(file), file);
}

/** Reads a file. @throws OptionError that names it */
export function readRingText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OptionError(
      code === 'ENOENT' ? `there is no file ${file}` : `cannot read ${file}: ${code ?? message}`,
    );
  }
}

/** @param file how messages call it. @throws OptionError */
export function parseRingConfig(text: string, file: string): RingConfig {
  const fail = (words: string): never => {
    throw new OptionError(`${file}: ${words}`);
  };
  const top = parseToml(text, file);
  const { name, window, durable, deputies, nodes, timing, ...rest } = top;
  const hopDelay = rest['hop-delay'];
  delete rest['hop-delay'];
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    fail(
      `there is no key "${unknown}", only name, window, durable, deputies, hop-delay, [timing] and [[nodes]]`,
    );
  }
  if (!Array.isArray(nodes)) return fail('it has no nodes; each is a table [[nodes]] with id, host and port');
  if (nodes.length < 2 || nodes.length > MAX_NODES) {
    fail(`a ring has 2 to ${MAX_NODES} nodes, not ${nodes.length}`);
  }
  const places = nodes.map((node, index) => placeOf(node, `[[nodes]] number ${index + 1}`, fail));
  checkDistinct(places, fail);
  const ids = places.map(({ id }) => id);
  return {
    name:
      name === undefined
        ? 'ring'
        : typeof name === 'string'
          ? name
          : fail(`name must be a text, not ${show(name)}`),
    nodes: places,
    window: window === undefined ? 1 : whole('window', window, 1, MOST_WINDOW, fail),
    durable:
      durable === undefined
        ? true
        : typeof durable === 'boolean'
          ? durable
          : fail(`durable must be true or false, not ${show(durable)}`),
    deputies: deputiesOf(deputies, ids, fail),
    timing: timingOf(timing, fail),
    hopDelay: hopDelay === undefined ? 0 : timeOf('hop-delay', hopDelay, fail),
  };
}

/** What tells this ring from others: its name, and its nodes in their order. */
export function fingerprintOf({ name, nodes }: RingConfig): number {
  return crc32c(Buffer.from(JSON.stringify([name, nodes.map(({ id }) => id)])));
}

type Fail = (words: string) => never;
type Table = Record<string, unknown>;

function parseToml(text: string, file: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [words = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    throw new OptionError(`${file}:${error.line}:${error.column}: not TOML: ${words}`);
  }
}

function placeOf(node: unknown, where: string, fail: Fail): RingNodePlace {
  if (!isTable(node)) return fail(`${where} must be a table with id, host and port`);
  const { id, host = '127.0.0.1', port, ...rest } = node;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) fail(`${where}: there is no key "${unknown}", only id, host and port`);
  if (typeof host !== 'string' || host === '')
    return fail(`${where}: host must be an address or a name, not ${show(host)}`);
  return {
    id: whole(`${where}: id`, id, 0, 65_535, fail),
    host,
    port: whole(`${where}: port`, port, 1, 65_535, fail),
  };
}

function checkDistinct(places: readonly RingNodePlace[], fail: Fail): void {
  const ids = new Set<number>();
  const addresses = new Map<string, number>();
  for (const { id, host, port } of places) {
    if (ids.has(id)) fail(`two nodes have the ID ${id}`);
    const address = `${host} port ${port}`;
    const other = addresses.get(address);
    if (other !== undefined) fail(`the nodes ${other} and ${id} are both at ${address}`);
    ids.add(id);
    addresses.set(address, id);
  }
  if (!ids.has(0)) fail('there is no node 0, which ends the ring');
}

function deputiesOf(deputies: unknown, ids: readonly number[], fail: Fail): number[] {
  if (deputies === undefined) return [];
  if (!Array.isArray(deputies)) return fail(`deputies must be a list of IDs, not ${show(deputies)}`);
  return deputies.map((deputy: unknown) =>
    typeof deputy === 'number' && ids.includes(deputy)
      ? deputy
      : fail(`the deputy ${show(deputy)} is none of the nodes ${ids.join(', ')}`),
  );
}

function timingOf(timing: unknown, fail: Fail): Partial<Timing> {
  if (timing === undefined) return {};
  if (!isTable(timing)) return fail(`timing must be a table, not ${show(timing)}`);
  const given: Partial<Timing> = {};
  for (const [key, value] of Object.entries(timing)) {
    const name = timingKeys.get(key);
    if (name === undefined)
      return fail(`[timing]: there is no key "${key}", only ${[...timingKeys.keys()].join(', ')}`);
    given[name] = timeOf(`[timing]: ${key}`, value, fail);
  }
  const { duplicate, dialLast, dead } = { ...defaultTiming, ...given };
  if (duplicate <= dialLast + dead) {
    fail(
      `[timing]: duplicate must be longer than dial-last and dead together, so that a refused node has dialled again ` +
        `in that time: more than ${dialLast + dead}, not ${duplicate}`,
    );
  }
  return given;
}

function timeOf(name: string, value: unknown, fail: Fail): number {
  if (typeof value === 'number' && value >= 0 && value <= LONGEST_TIME) return value;
  return fail(`${name} must be a number of milliseconds from 0 to ${LONGEST_TIME}, not ${show(value)}`);
}

function whole(name: string, value: unknown, least: number, most: number, fail: Fail): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  return fail(`${name} must be a whole number from ${least} to ${most}, not ${show(value)}`);
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  return isTable(value) ? 'a table' : (JSON.stringify(value) ?? String(value));
}
