import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolModuleError } from '../../src/errors.ts';
import { loadProtocol } from '../../src/workers/protocol-module.ts';

const module = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
/** A module's own framing, which is one because of its shape. */
const FRAMING = '{ maxIncomplete: 1, create: () => ({ next: () => undefined }) }';
const protocol = (name: string) => `{ name: ${name}, framing: ${FRAMING}, message: () => 'hi' }`;

test('a protocol is taken as it is exported', async () => {
  const { name } = await loadProtocol(module(`export default ${protocol("'plain'")}`), undefined);
  assert.equal(name, 'plain');
});

test('a function makes it of its options, at once or later', async () => {
  const made = protocol('options.called');
  for (const code of [
    `export default (options) => (${made})`,
    `export default async function (options) { await null; return ${made} }`,
  ]) {
    assert.equal((await loadProtocol(module(code), { called: 'made' })).name, 'made');
  }
});

test('a function that is given no options may have its own', async () => {
  const code = `export default (options = { called: 'usual' }) => (${protocol('options.called')})`;
  assert.equal((await loadProtocol(module(code), undefined)).name, 'usual');
});

const faults: readonly (readonly [code: string, words: RegExp])[] = [
  ['export const other = 1', /is not a protocol: it has no default export$/],
  ['export default 42', /is not a protocol: its default export is not an object, but (42|null)$/],
  ['export default null', /is not a protocol: its default export is not an object, but (42|null)$/],
  ['export default () => "text"', /is not a protocol: what its default export makes is the string "text"/],
  [
    'export default async () => {}',
    /is not a protocol: what its default export makes is not an object, but undefined$/,
  ],
  ['export default class {}', /cannot be loaded: TypeError: Class constructor/],
  ['export default () => { throw new RangeError("no") }', /cannot be loaded: RangeError: no$/],
  ['export default async () => { throw "words" }', /cannot be loaded: words$/],
  ['throw new Error("at once")', /cannot be loaded: Error: at once$/],
  ['export default {', /cannot be loaded: SyntaxError: /],
  ['import "./absent.js"', /cannot be loaded: /],
];
for (const [code, words] of faults) {
  test(`a module is refused with what is wrong with it: ${code}`, async () => {
    const url = module(code);
    await assert.rejects(loadProtocol(url, undefined), (error: unknown) => {
      assert.ok(error instanceof ProtocolModuleError);
      assert.equal(error.url, url);
      assert.ok(error.message.startsWith(`${url} `));
      assert.match(error.message.slice(url.length), words);
      assert.equal(error.cause !== undefined, error.reason.startsWith('cannot be loaded'));
      return true;
    });
  });
}

test('a module that is not there is refused with its address', async () => {
  const url = new URL('./absent.ts', import.meta.url).href;
  await assert.rejects(loadProtocol(url, undefined), { url, code: 'ERR_PROTOCOL_MODULE' });
});
