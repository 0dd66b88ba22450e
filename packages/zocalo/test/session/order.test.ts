import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Reply } from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { afterTurns, answering, Deferred, never } from './support.ts';

/** An answer to message `id`, of `pieces` pieces, before each of which some turns pass. */
type Answer = { kind: 'text' | 'promise' | 'generator' | 'async generator'; pieces: number[] };

const answers: fc.Arbitrary<Answer[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('text', 'promise', 'generator', 'async generator'),
    pieces: fc.array(fc.nat(3), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 12 },
);

const textOf = (id: number, { pieces }: Answer) => `<${id}${pieces.map((_, i) => `.${i}`).join('')}>`;

function reply(id: number, answer: Answer): Reply {
  const { kind, pieces } = answer;
  if (kind === 'text') return textOf(id, answer);
  if (kind === 'promise') return afterTurns(textOf(id, answer), 1 + pieces.length);
  if (kind === 'generator') {
    return (function* () {
      yield `<${id}`;
      for (const i of pieces.keys()) yield `.${i}`;
      yield '>';
    })();
  }
  return (async function* () {
    yield `<${id}`;
    for (const [i, turns] of pieces.entries()) yield afterTurns(`.${i}`, turns);
    yield '>';
  })();
}

function conversation(answers: Answer[], concurrency: number, highWater: number) {
  let inProgress = 0;
  let most = 0;
  const protocol = answering(
    (line) => {
      const id = Number(line);
      const answer = reply(id, answers[id] as Answer);
      if (typeof answer === 'string') return answer;
      most = Math.max(most, ++inProgress);
      return (async function* () {
        yield answer;
        inProgress--;
      })();
    },
    { concurrency },
  );
  const talk = converse(protocol, { highWater });
  talk.send(answers.map((_, id) => `${id}\n`).join(''));
  return { talk, most: () => most };
}

const highWater = fc.constantFrom(1, 5, 65_536);

test('answers come one after the other in the order of their messages', async () => {
  await fc.assert(
    fc.asyncProperty(answers, highWater, async (answers, highWater) => {
      const { talk, most } = conversation(answers, 1, highWater);
      assert.equal(await talk.receive(), answers.map((answer, id) => textOf(id, answer)).join(''));
      assert.ok(most() <= 1);
    }),
    { numRuns: 150 },
  );
});

test('with a concurrency answers overtake each other, each is whole, and no more are in progress', async () => {
  await fc.assert(
    fc.asyncProperty(
      answers,
      highWater,
      fc.integer({ min: 2, max: 5 }),
      async (answers, highWater, concurrency) => {
        const { talk, most } = conversation(answers, concurrency, highWater);
        const received = (await talk.receive()).match(/<[^<>]*>/g) ?? [];
        assert.deepEqual(received.toSorted(), answers.map((answer, id) => textOf(id, answer)).toSorted());
        assert.ok(most() <= concurrency);
      },
    ),
    { numRuns: 150 },
  );
});

test('the next message is not looked at before the answer before it is over', async () => {
  const deferreds = [new Deferred<string>(), new Deferred<string>()];
  const seen: string[] = [];
  const talk = converse(
    answering((line) => {
      seen.push(line);
      return deferreds[Number(line)]?.promise;
    }),
  );
  talk.send('0\n1\n');
  await talk.settle();
  assert.deepEqual(seen, ['0']);
  deferreds[0]?.resolve('zero ');
  await talk.settle();
  assert.deepEqual(seen, ['0', '1']);
  deferreds[1]?.resolve('one');
  assert.equal(await talk.receive(), 'zero one');
});

test('with a concurrency of 3 the fourth message waits for one of the first three', async () => {
  const deferreds = Array.from({ length: 4 }, () => new Deferred<string>());
  const seen: string[] = [];
  const talk = converse(
    answering(
      (line) => {
        seen.push(line);
        return deferreds[Number(line)]?.promise;
      },
      { concurrency: 3 },
    ),
  );
  talk.send('0\n1\n2\n3\n');
  await talk.settle();
  assert.deepEqual(seen, ['0', '1', '2']);
  deferreds[1]?.resolve('one ');
  assert.equal(await talk.receive(), 'one ');
  assert.deepEqual(seen, ['0', '1', '2', '3']);
  deferreds[3]?.resolve('three ');
  deferreds[0]?.resolve('zero ');
  deferreds[2]?.resolve('two');
  assert.equal(await talk.receive(), 'three zero two');
});

test('an answer that is ready does not go into one that has begun', async () => {
  const deferred = new Deferred<string>();
  async function* slow() {
    yield '<';
    yield deferred.promise;
    yield '>';
  }
  const talk = converse(answering((line) => (line === 'slow' ? slow() : line), { concurrency: 3 }));
  talk.send('slow\n');
  assert.equal(await talk.receive(), '<');
  talk.send('fast\n');
  assert.equal(await talk.receive(), '');
  assert.equal(talk.messages, 2);
  deferred.resolve('slow');
  assert.equal(await talk.receive(), 'slow>fast');
});

test('an answer that never begins delays no other when there is a concurrency', async () => {
  const talk = converse(answering((line) => (line === 'never' ? never : `${line} `), { concurrency: 2 }));
  talk.send('never\na\nb\nc\n');
  assert.equal(await talk.receive(), 'a b c ');
});

test('messages wait for the greeting', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(answering((line) => line, { open: () => deferred.promise }));
  talk.send('hello\n');
  await talk.settle();
  assert.equal(talk.messages, 0);
  deferred.resolve('welcome ');
  assert.equal(await talk.receive(), 'welcome hello');
});
