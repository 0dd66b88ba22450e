import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Output } from '../../src/session/output.ts';

/** `length` bytes that differ from those of any other chunk nearby. */
const chunk = (length: number, seed: number) =>
  Buffer.from(Array.from({ length }, (_, i) => (seed * 31 + i) & 0xff));

/** Everything that waits, chunk by chunk. */
function drain(output: Output): Buffer[] {
  const chunks: Buffer[] = [];
  for (let bytes = output.peek(); bytes !== undefined; bytes = output.peek()) {
    chunks.push(Buffer.from(bytes));
    output.advance(bytes.length);
  }
  return chunks;
}

type Step = { push: number } | { send: number; pushMeanwhile: number | undefined } | 'clear';

const size = fc.oneof(
  fc.nat(20),
  fc.integer({ min: 1_500, max: 2_600 }),
  fc.integer({ min: 7_500, max: 9_000 }),
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ push: size }) },
    {
      weight: 6,
      arbitrary: fc.record({
        send: fc.oneof(fc.nat(9_000), fc.constant(Number.POSITIVE_INFINITY)),
        pushMeanwhile: fc.option(size, { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  ),
  { maxLength: 40 },
);

/** Runs the same steps on an output and on a plain buffer. */
function compare(steps: Step[], meanwhile: boolean): void {
  const output = new Output();
  let model: Buffer = Buffer.alloc(0);
  let seed = 0;
  const push = (length: number) => {
    const bytes = chunk(length, seed++);
    output.push(bytes);
    model = Buffer.concat([model, bytes]);
  };
  for (const step of steps) {
    if (step === 'clear') {
      output.clear();
      model = Buffer.alloc(0);
    } else if ('push' in step) push(step.push);
    else {
      const bytes = output.peek();
      assert.equal(bytes === undefined, model.length === 0);
      if (bytes === undefined) continue;
      if (meanwhile && step.pushMeanwhile !== undefined) push(step.pushMeanwhile);
      const sent = Math.min(step.send, bytes.length);
      assert.deepEqual(Buffer.from(bytes), model.subarray(0, bytes.length));
      output.advance(sent);
      model = model.subarray(sent);
    }
    assert.equal(output.length, model.length);
  }
  assert.deepEqual(Buffer.concat(drain(output)), model);
  assert.equal(output.length, 0);
}

test('bytes leave in the order in which they came, however few are taken at a time', () => {
  fc.assert(
    fc.property(steps, (steps) => compare(steps, false)),
    { numRuns: 300 },
  );
});

test('bytes that are being sent stay as they are while others are added', () => {
  fc.assert(
    fc.property(steps, (steps) => compare(steps, true)),
    { numRuns: 300 },
  );
});

test('a small chunk added while another small one is being sent leaves after it', () => {
  const output = new Output();
  output.push(Buffer.from('one '));
  const sending = output.peek();
  output.push(Buffer.from('two '));
  assert.equal(String(sending), 'one ');
  output.advance(4);
  output.push(Buffer.from('three'));
  assert.equal(Buffer.concat(drain(output)).toString(), 'two three');
});

test('what is being sent stays as it is, also when it is dropped, while memory that was sent serves others', () => {
  const gathered = (text: string) => {
    const output = new Output();
    for (const letter of text) output.push(Buffer.from(letter));
    return { output, sending: output.peek() as Uint8Array };
  };
  const [sent, slow, dropped] = [gathered('sent'), gathered('slow'), gathered('dropped')];
  sent.output.advance(4);
  slow.output.advance(2);
  dropped.output.clear();
  const others = Array.from({ length: 300 }, (_, i) => gathered(`other ${i}`));
  assert.ok(others.some(({ sending }) => sending.buffer === sent.sending.buffer));
  assert.deepEqual(
    [slow, dropped].map(({ sending }) => Buffer.from(sending).toString()),
    ['slow', 'dropped'],
  );
  assert.deepEqual(
    others.map(({ output }) => Buffer.concat(drain(output)).toString()),
    others.map((_, i) => `other ${i}`),
  );
  assert.equal(Buffer.concat(drain(slow.output)).toString(), 'ow');
});

test('small chunks are gathered', () => {
  const output = new Output();
  for (let i = 0; i < 1_000; i++) output.push(Buffer.from('0123456789'));
  const chunks = drain(output);
  assert.equal(Buffer.concat(chunks).toString(), '0123456789'.repeat(1_000));
  assert.ok(chunks.length <= 3, `they left in ${chunks.length} chunks`);
});

test('large chunks are sent from where they stand', () => {
  const output = new Output();
  const [first, second] = [chunk(5_000, 1), chunk(5_000, 2)];
  output.push(first);
  output.push(second);
  assert.equal(output.peek(), first);
  output.advance(5_000);
  assert.equal(output.peek(), second);
});

test('empty chunks are nothing', () => {
  const output = new Output();
  output.push(Buffer.alloc(0));
  assert.equal(output.peek(), undefined);
  output.push(Buffer.from('x'));
  output.push(Buffer.alloc(0));
  assert.deepEqual(drain(output).map(String), ['x']);
});

test('an output can be used again after it was cleared half-way', () => {
  const output = new Output();
  for (let i = 0; i < 10; i++) output.push(Buffer.from('old'));
  output.push(chunk(5_000, 1));
  output.peek();
  output.advance(2);
  output.clear();
  assert.equal(output.length, 0);
  assert.equal(output.peek(), undefined);
  output.push(Buffer.from('new'));
  assert.deepEqual(drain(output).map(String), ['new']);
});
