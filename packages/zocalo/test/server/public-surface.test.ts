import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines, type Server, serve } from '../../src/index.ts';

/** Everything that users may know of a server: a name that is missing here, or not declared, does not compile. */
const surface: Readonly<Record<keyof Server, true>> = {
  address: true,
  addresses: true,
  name: true,
  model: true,
  events: true,
  activeClients: true,
  waitingClients: true,
  stats: true,
  group: true,
  ref: true,
  unref: true,
  drain: true,
  close: true,
  [Symbol.asyncDispose]: true,
};

/** The names of an object's own properties and of its prototype's. */
function namesOf(value: object): Set<string | symbol> {
  const prototype: object = Object.getPrototypeOf(value);
  return new Set([value, prototype].flatMap((each) => Reflect.ownKeys(each)));
}

test('a server has the properties and methods of its declaration, and no others', async () => {
  await using server = await serve({
    name: 'echo',
    framing: lines(),
    message: (line: string) => `${line}\n`,
  });
  const expected = new Set<string | symbol>(['constructor', ...Reflect.ownKeys(surface)]);
  assert.deepEqual(namesOf(server), expected);
});
