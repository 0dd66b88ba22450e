import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines, type Protocol, serve } from '../../src/index.ts';
import { protocolFault, serviceFault } from '../../src/session/protocol-fault.ts';

const whole: Protocol<string> = { name: 'whole', framing: lines(), message: () => 'hi' };
const { create } = lines();
const lacks: readonly (readonly [change: object, message: RegExp])[] = [
  [{ name: undefined }, /^it has no name$/],
  [{ name: '' }, /^it has no name$/],
  [{ name: 7 }, /^it has no name$/],
  [{ framing: undefined }, /^its framing is missing or not a framing, such as lines\(\)$/],
  [{ framing: null }, /^its framing is missing/],
  [{ framing: lines }, /^its framing is missing/],
  [{ framing: { create() {} } }, /^its framing is missing/],
  [{ framing: { create, maxIncomplete: '5' } }, /^its framing is missing/],
  [{ framing: { create, maxIncomplete: Number.NaN } }, /^the maxIncomplete .* 0 or more, not NaN$/],
  [{ framing: { create, maxIncomplete: -1 } }, /^the maxIncomplete .* 0 or more, not -1$/],
  [{ message: undefined }, /^it has no message\(\) to answer with$/],
  [{ message: 'hi' }, /^its message is not a function, but the string "hi"$/],
  [{ open: 1 }, /^its open is not a function, but 1$/],
  [{ state: {} }, /^its state is not a function, but an object$/],
  [{ close: null }, /^its close is not a function, but null$/],
  [{ error: 1 }, /^its error is not a function/],
  [{ farewell: 'bye' }, /^its farewell is not a function/],
  [{ refuse: 'no' }, /^its refuse is not a function/],
  [{ wait: 'wait' }, /^its wait is not a function/],
  [{ stop: true }, /^its stop is not a function/],
  [{ concurrency: 0 }, /^its concurrency must be a whole number of 1 or more, not 0$/],
  [{ concurrency: 1.5 }, /not 1.5$/],
  [{ concurrency: '2' }, /not the string "2"$/],
  [{ concurrency: Number.NaN }, /not NaN$/],
  [{ halfClose: 'no' }, /^its halfClose must be true or false, not the string "no"$/],
  [{ keepsFrames: 0 }, /^its keepsFrames must be true or false, not 0$/],
];

test('the message names what a protocol lacks', () => {
  assert.equal(protocolFault(whole, 'it'), undefined);
  assert.equal(protocolFault({ ...whole, concurrency: 4, halfClose: false }, 'it'), undefined);
  assert.equal(protocolFault(undefined, 'it'), 'it is not an object, but undefined');
  for (const [change, message] of lacks)
    assert.match(protocolFault({ ...whole, ...change }, 'it') ?? '', message);
});

test('a handler whose name is misspelt is found, in an object and in a class', () => {
  const handler = () => undefined;
  for (const [given, meant] of [
    ['farewel', 'farewell'],
    ['colse', 'close'],
    ['Open', 'open'],
    ['stae', 'state'],
    ['refused', undefined],
  ] as const) {
    const message = meant && `it has no ${meant}(), but a function ${given}(); did you mean "${meant}"?`;
    assert.equal(protocolFault({ ...whole, [given]: handler }, 'it'), message);
  }
  assert.equal(
    protocolFault({ name: 'm', framing: lines(), mesage: handler }, 'it'),
    'it has no message(), but a function mesage(); did you mean "message"?',
  );
  class Mistaken {
    readonly name = 'mistaken';
    readonly framing = lines();
    message(): string {
      return 'hi';
    }
    opne(): string {
      return 'hello';
    }
  }
  assert.match(protocolFault(new Mistaken(), 'it') ?? '', /did you mean "open"\?$/);
  const service = { name: 's', dialects: { whole }, stopp: handler, lisening: handler };
  assert.match(serviceFault(service, 'it') ?? '', /did you mean "listening"\?$/);
});

test('members of its own are no misspelt handlers', () => {
  const own = {
    ...whole,
    messages: () => 5,
    closed: () => true,
    opens: () => true,
    errors: 0,
    clos: 'a text',
    openAll: () => undefined,
    open: () => undefined,
    pen: () => undefined,
    // Near to state, which it does not have.
    stats: () => ({}),
  };
  assert.equal(protocolFault(own, 'it'), undefined);
});

test('a path in the place of a module is rejected with how to give it', async () => {
  await assert.rejects(serve('./protocol.ts' as unknown as URL), {
    code: 'ERR_OPTION',
    message: /it is the string ".\/protocol.ts"; a module is given as a URL: new URL\(/,
  });
});
