import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Reply } from '../../src/index.ts';
import { Output } from '../../src/session/output.ts';
import { ReplyQueue } from '../../src/session/reply-queue.ts';

type Failure = { error: unknown; halfWritten: boolean };

/** A queue over an output of its own. */
class Fixture {
  readonly output = new Output();
  readonly failures: Failure[] = [];
  readonly clock = { now: 0 };
  readonly queue: ReplyQueue;
  ready = 0;

  constructor(highWater = 1_000) {
    this.queue = new ReplyQueue(this.output, this.clock, highWater, {
      replyReady: () => {
        this.ready++;
      },
      replyFailed: (error, halfWritten) => {
        this.failures.push({ error, halfWritten });
      },
    });
  }

  answer(...replies: Reply[]): void {
    for (const reply of replies) this.queue.add(reply, true);
  }

  /** Pulls, and takes what is in the output. */
  pull(): string {
    this.queue.pull();
    return this.take();
  }

  take(): string {
    let text = '';
    for (let bytes = this.output.peek(); bytes !== undefined; bytes = this.output.peek()) {
      text += Buffer.from(bytes).toString();
      this.output.advance(bytes.length);
    }
    return text;
  }
}

const later = async (text: string, turns: number) => {
  for (let i = 0; i < turns; i++) await turn();
  return text;
};

async function* slowly(...pieces: string[]) {
  for (const piece of pieces) {
    await turn();
    yield piece;
  }
}

test('replies that are ready are written in the order in which they were added', () => {
  const fixture = new Fixture();
  fixture.answer('a', ['b', 'c'], Buffer.from('d'));
  assert.equal(fixture.queue.answering, 3);
  assert.equal(fixture.pull(), 'abcd');
  assert.equal(fixture.queue.answering, 0);
  assert.equal(fixture.queue.empty, true);
});

test('a reply that is ready overtakes those that wait', async () => {
  const fixture = new Fixture();
  fixture.answer(later('slow', 3), later('fast', 1), 'now');
  assert.equal(fixture.pull(), 'now');
  assert.equal(fixture.queue.answering, 2);
  while (fixture.ready < 1) await turn();
  assert.equal(fixture.pull(), 'fast');
  while (fixture.ready < 2) await turn();
  assert.equal(fixture.pull(), 'slow');
  assert.equal(fixture.queue.empty, true);
});

test('a reply that has begun is not interrupted while it waits for its next piece', async () => {
  const fixture = new Fixture();
  fixture.answer(slowly('a', 'b', 'c'), slowly('1', '2', '3'));
  let text = fixture.pull();
  for (let i = 0; i < 20; i++) {
    await turn();
    text += fixture.pull();
    if (i === 0) assert.equal(fixture.queue.halfWritten, true);
  }
  assert.equal(text, 'abc123');
  assert.equal(fixture.queue.halfWritten, false);
});

test('an unsolicited message does not count as an answer, and leaves in its turn', () => {
  const fixture = new Fixture();
  fixture.answer('a');
  fixture.queue.add('news', false);
  fixture.answer('b');
  assert.equal(fixture.queue.answering, 2);
  assert.equal(fixture.pull(), 'anewsb');
});

test('nothing is pulled while the output is at its high-water mark', () => {
  const fixture = new Fixture(10);
  let pulled = 0;
  fixture.answer(
    (function* () {
      for (;;) yield `${pulled++ % 10}`.repeat(4);
    })(),
  );
  fixture.queue.pull();
  fixture.queue.pull();
  assert.equal(pulled, 3);
  assert.equal(fixture.take(), '000011112222');
  fixture.queue.pull();
  assert.equal(pulled, 6);
});

test('a failure is reported with whether part of the reply was written, and the others go on', () => {
  const fixture = new Fixture();
  const failure = new Error('failure');
  const failing = function* (first: Reply) {
    yield first;
    throw failure;
  };
  fixture.answer(failing(undefined), 'a', failing('half'), 'b');
  assert.equal(fixture.pull(), 'ahalfb');
  assert.deepEqual(fixture.failures, [
    { error: failure, halfWritten: false },
    { error: failure, halfWritten: true },
  ]);
  assert.equal(fixture.queue.answering, 0);
});

test('a reply of which only an empty piece was written is not half written', () => {
  const fixture = new Fixture();
  fixture.answer(
    (function* () {
      yield Buffer.alloc(0);
      throw new Error('failure');
    })(),
  );
  fixture.queue.pull();
  assert.deepEqual(
    fixture.failures.map(({ halfWritten }) => halfWritten),
    [false],
  );
});

test('a promise that fails behind a reply that has begun is not an unhandled rejection', async () => {
  const fixture = new Fixture();
  const failure = new Error('failure');
  fixture.answer(slowly('a', 'b', 'c'));
  fixture.pull();
  await turn();
  await turn();
  assert.equal(fixture.pull(), 'a');
  assert.equal(fixture.queue.halfWritten, true);
  fixture.answer(Promise.reject(failure));
  let text = fixture.pull();
  for (let i = 0; i < 10; i++) {
    await turn();
    text += fixture.pull();
  }
  assert.equal(text, 'bc');
  assert.deepEqual(fixture.failures, [{ error: failure, halfWritten: false }]);
});

test('a promise that fails after it was dropped unread is not an unhandled rejection', async () => {
  const fixture = new Fixture(1);
  fixture.answer('full');
  fixture.answer(later('', 1).then(() => Promise.reject(new Error('failure'))));
  fixture.queue.pull();
  fixture.queue.drop();
  await later('', 4);
  assert.deepEqual(fixture.failures, []);
});

test('the longest wait is reported', async () => {
  const fixture = new Fixture();
  assert.equal(fixture.queue.pendingSince(), undefined);
  fixture.clock.now = 5;
  fixture.answer(later('a', 5));
  fixture.queue.pull();
  fixture.clock.now = 9;
  fixture.answer(later('b', 1));
  fixture.queue.pull();
  assert.equal(fixture.queue.pendingSince(), 5);
  await later('', 7);
  fixture.queue.pull();
  assert.equal(fixture.queue.pendingSince(), undefined);
});

test('dropping closes every generator and leaves nothing in progress', () => {
  const fixture = new Fixture(1);
  const closed: string[] = [];
  const generator = function* (name: string) {
    try {
      for (;;) yield name;
    } finally {
      closed.push(name);
    }
  };
  fixture.answer(generator('a'), generator('b'));
  fixture.queue.pull();
  fixture.queue.drop();
  assert.deepEqual(closed, ['a']);
  assert.equal(fixture.queue.empty, true);
  assert.equal(fixture.queue.answering, 0);
  assert.equal(fixture.queue.halfWritten, false);
});
