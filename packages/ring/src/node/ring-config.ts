import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { OptionError } from 'zocalo';
import { crc32c } from '../protocol/crc32c.ts';
import { defaultTiming, MAX_NODES, type NodeAddress, type Timing } from '../protocol/options.ts';

/** What all nodes of a ring have in common: the contents of `ring.toml`. */
export type RingConfig = {
  readonly name: string;
  /** In ring order, clockwise. */
  readonly nodes: readonly NodeAddress[];
  /** W: how many messages a node may have on their lap at once with one token. */
  readonly window: number;
  /** Whether what a node must not forget is on its disk before it is acknowledged. */
  readonly durable: boolean;
  /** Who may end the ring when node 0 is gone, in this order. */
  readonly deputies: readonly number[];
  readonly timing: Partial<Timing>;
  /** How long every frame waits before it is sent, in milliseconds: to watch a ring at work. */
  readonly hopDelayMs: number;
};

/** The most that one direction may have in flight: a token's window is a count of bits nowhere, but memory is finite. */
const MAX_WINDOW = 1_024;
const MAX_DURATION_MS = 3_600_000;
const MAX_NAME_LENGTH = 255;

/** The keys of `[timing]`. */
export const timingKeys = new Map<string, keyof Timing>([
  ['dial-first', 'connectFirstMs'],
  ['dial-last', 'connectLastMs'],
  ['resend', 'resendMs'],
  ['dead', 'deadMs'],
  ['prove', 'proveMs'],
  ['lack', 'ackMs'],
  ['settle', 'settleMs'],
  ['gather', 'gatherMs'],
  ['loss', 'lossMs'],
  ['retry', 'retryMs'],
  ['again', 'againMs'],
  ['give-up', 'giveUpMs'],
  ['pace', 'paceMs'],
  ['duplicate', 'duplicateMs'],
  ['exit', 'exitMs'],
]);

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
  const fail = (text: string): never => {
    throw new OptionError(`${file}: ${text}`);
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
  const addresses = nodes.map((node, index) => nodeAddressOf(node, `[[nodes]] number ${index + 1}`, fail));
  checkDistinct(addresses, fail);
  const ids = addresses.map(({ id }) => id);
  return {
    name:
      name === undefined
        ? 'ring'
        : typeof name === 'string' && name.length <= MAX_NAME_LENGTH
          ? name
          : fail(`name must be a text of at most ${MAX_NAME_LENGTH} characters, not ${show(name)}`),
    nodes: addresses,
    window: window === undefined ? 1 : integer('window', window, 1, MAX_WINDOW, fail),
    durable:
      durable === undefined
        ? true
        : typeof durable === 'boolean'
          ? durable
          : fail(`durable must be true or false, not ${show(durable)}`),
    deputies: deputiesOf(deputies, ids, fail),
    timing: timingOf(timing, fail),
    hopDelayMs: hopDelay === undefined ? 0 : durationOf('hop-delay', hopDelay, fail),
  };
}

/** What tells this ring from others: its name, and its nodes in their order. */
export function fingerprintOf(config: RingConfig): number {
  return crc32c(Buffer.from(identityOf(config)));
}

/** What the fingerprint is made of: JSON without spaces, the ring's name and its IDs in their order. */
export function identityOf({ name, nodes }: RingConfig): string {
  return JSON.stringify([name, nodes.map(({ id }) => id)]);
}

type Fail = (text: string) => never;
type Table = Record<string, unknown>;

function parseToml(text: string, file: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [text = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    throw new OptionError(`${file}:${error.line}:${error.column}: not TOML: ${text}`);
  }
}

function nodeAddressOf(node: unknown, where: string, fail: Fail): NodeAddress {
  if (!isTable(node)) return fail(`${where} must be a table with id, host and port`);
  const { id, host = '127.0.0.1', port, ...rest } = node;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) fail(`${where}: there is no key "${unknown}", only id, host and port`);
  if (typeof host !== 'string' || host === '')
    return fail(`${where}: host must be an address or a name, not ${show(host)}`);
  return {
    id: integer(`${where}: id`, id, 0, 65_535, fail),
    host,
    port: integer(`${where}: port`, port, 1, 65_535, fail),
  };
}

function checkDistinct(nodes: readonly NodeAddress[], fail: Fail): void {
  const ids = new Set<number>();
  const addresses = new Map<string, number>();
  for (const { id, host, port } of nodes) {
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
    given[name] = durationOf(`[timing]: ${key}`, value, fail);
  }
  const { duplicateMs, connectLastMs, deadMs } = { ...defaultTiming, ...given };
  if (duplicateMs <= connectLastMs + deadMs) {
    fail(
      `[timing]: duplicate must be longer than dial-last and dead together, so that a refused node has connected again ` +
        `in that time: more than ${connectLastMs + deadMs}, not ${duplicateMs}`,
    );
  }
  const { lossMs } = { ...defaultTiming, ...given };
  const longest = lossMs / 2;
  if (given.paceMs === undefined)
    return defaultTiming.paceMs > longest ? { ...given, paceMs: longest } : given;
  if (given.paceMs > longest) {
    fail(
      `[timing]: pace must not be longer than half of loss, or a token that rests is taken for lost: at most ${longest}, not ${given.paceMs}`,
    );
  }
  return given;
}

function durationOf(name: string, value: unknown, fail: Fail): number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_DURATION_MS) return value;
  return fail(`${name} must be a number of milliseconds from 0 to ${MAX_DURATION_MS}, not ${show(value)}`);
}

function integer(name: string, value: unknown, least: number, most: number, fail: Fail): number {
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
