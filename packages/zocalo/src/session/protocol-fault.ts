import { editDistance } from '../closest-name.ts';
import { shown } from '../option-checks.ts';

const hooks = ['listening', 'stats', 'stop'] as const;
const handlers = [
  'state',
  'open',
  'message',
  'close',
  'error',
  'farewell',
  'refuse',
  'wait',
  'admit',
] as const;
const switches = ['halfClose', 'keepsFrames'] as const;

const members: readonly string[] = [
  'name',
  'framing',
  'concurrency',
  'dialects',
  ...hooks,
  ...handlers,
  ...switches,
];

type Members = Readonly<Record<string, unknown>>;

/** What a value lacks to be served, as a protocol or as several dialects; undefined when it lacks nothing. */
export function serviceFault(value: unknown, what: string): string | undefined {
  if (value instanceof URL || typeof value === 'string') {
    return `${what} is ${shown(value instanceof URL ? value.href : value)}; a module is given as a URL: new URL('./protocol.ts', import.meta.url)`;
  }
  if (typeof value !== 'object' || value === null || !('dialects' in value))
    return protocolFault(value, what);
  const service = value as unknown as Members;
  if (typeof service.name !== 'string' || service.name === '') return 'it has no name';
  if (typeof service.dialects !== 'object' || service.dialects === null)
    return 'its dialects are not an object';
  const dialects = Object.entries(service.dialects);
  if (dialects.length === 0) return 'it has no dialect';
  for (const [name, dialect] of dialects) {
    const fault = protocolFault(dialect, 'it');
    if (fault !== undefined) return `of its dialect "${name}": ${fault}`;
  }
  return notFunction(service, hooks) ?? misspelt(service, hooks);
}

/** What a value lacks to be a protocol; undefined when it lacks nothing. */
export function protocolFault(value: unknown, what: string): string | undefined {
  if (typeof value !== 'object' || value === null) return `${what} is not an object, but ${shown(value)}`;
  const protocol = value as Members;
  if (typeof protocol.name !== 'string' || protocol.name === '') return 'it has no name';
  const framing = framingFault(protocol.framing);
  if (framing !== undefined) return framing;
  if (protocol.message === undefined) {
    return misspelt(protocol, ['message']) ?? 'it has no message() to answer with';
  }
  const fault = notFunction(protocol, [...handlers, ...hooks]);
  if (fault !== undefined) return fault;
  const { concurrency = 1 } = protocol;
  if (!Number.isSafeInteger(concurrency) || (concurrency as number) < 1)
    return `its concurrency must be a whole number of 1 or more, not ${shown(concurrency)}`;
  for (const name of switches) {
    const { [name]: given = true } = protocol;
    if (typeof given !== 'boolean') return `its ${name} must be true or false, not ${shown(given)}`;
  }
  return misspelt(protocol, [...handlers, ...hooks]);
}

function framingFault(value: unknown): string | undefined {
  const framing = value as { create?: unknown; maxIncomplete?: unknown } | undefined | null;
  if (typeof framing?.create !== 'function' || typeof framing.maxIncomplete !== 'number') {
    return 'its framing is missing or not a framing, such as lines()';
  }
  if (framing.maxIncomplete >= 0) return undefined;
  return `the maxIncomplete of its framing must be a number of bytes of 0 or more, not ${framing.maxIncomplete}`;
}

function notFunction(value: Members, names: readonly string[]): string | undefined {
  const wrong = names.find((name) => value[name] !== undefined && typeof value[name] !== 'function');
  return wrong === undefined ? undefined : `its ${wrong} is not a function, but ${shown(value[wrong])}`;
}

/**
 * A function that would never be called, because its name differs by one character from that of a missing handler. Protocols may have
 * members of their own: a name that only begins like a handler's (`messages`, `closed`) is one, and so is what is no function.
 */
function misspelt(value: Members, names: readonly string[]): string | undefined {
  const missing = names.filter((name) => value[name] === undefined);
  for (const own of memberNames(value)) {
    // Some of ours are near to each other: stats and state.
    if (members.includes(own)) continue;
    const meant = missing.find((name) => !own.startsWith(name) && isNear(own, name));
    if (meant !== undefined && typeof value[own] === 'function')
      return `it has no ${meant}(), but a function ${own}(); did you mean "${meant}"?`;
  }
  return undefined;
}

function isNear(given: string, name: string): boolean {
  return editDistance(given.toLowerCase(), name.toLowerCase()) <= 1;
}

/** Of a class the methods as well, which are members of its prototypes. */
function memberNames(value: object): string[] {
  const names: string[] = [];
  for (let each = value; each !== null && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    names.push(...Object.getOwnPropertyNames(each));
  }
  return names;
}
