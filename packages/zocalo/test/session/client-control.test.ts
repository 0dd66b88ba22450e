import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byteLines,
  type Client,
  type ClientDeadlines,
  type Framing,
  fixedSize,
  lengthPrefixed,
  lines,
  OptionError,
  type Protocol,
  type Reply,
} from '../../src/index.ts';
import { converse } from '../../src/testing/index.ts';
import { answering, closesAfter, Deferred, echo, finalReplies, never, noDeadlines } from './support.ts';

const MIB = 1_048_576;

test('a client that reads takes a push of any size, and one that does not is closed by what waits already', async () => {
  const reading = converse(answering(echo));
  assert.equal(reading.client.send(Buffer.alloc(8 * MIB)), false);
  assert.equal((await reading.receiveBytes()).length, 8 * MIB);
  assert.equal(reading.closed, undefined);

  const stalled = converse(answering(echo));
  stalled.stopReading();
  stalled.client.send(Buffer.alloc(8 * MIB));
  assert.equal(stalled.closed, undefined);
  stalled.client.send('x');
  assert.equal(stalled.closed, 'overflow');
});

test('drained() resolves with true when the output has room, and with false at the end of the conversation', async () => {
  const talk = converse(answering(echo));
  assert.equal(await talk.client.drained(), true);
  talk.stopReading();
  assert.equal(talk.client.send(Buffer.alloc(100_000)), false);
  const told: boolean[] = [];
  void talk.client.drained().then((room) => told.push(room));
  void talk.client.drained().then((room) => told.push(room));
  talk.startReading(30_000);
  await talk.settle();
  assert.deepEqual(told, []);
  talk.startReading(10_000);
  await talk.settle();
  assert.deepEqual(told, [true, true]);

  talk.client.send(Buffer.alloc(100_000));
  const last = talk.client.drained();
  talk.reset();
  assert.equal(await last, false);
  assert.equal(await talk.client.drained(), false);
});

test('a handler that waits with drained() sends any amount to a client that reads slowly, with little in memory', async () => {
  let most = 0;
  let sent = 0;
  const talk = converse(
    answering(async (_line: string, client: Client) => {
      for (let i = 0; i < 100; i++) {
        sent += 50_000;
        most = Math.max(most, sent - talk.bytesOut);
        if (!client.send(Buffer.alloc(50_000, 'x')) && !(await client.drained())) return undefined;
      }
      return 'done\n';
    }),
  );
  talk.send('x\n');
  const received = await talk.receiveBytes();
  assert.equal(received.length, 5_000_005);
  assert.ok(most <= 200_000, `${most} bytes waited`);
});

test('deadlines may be set for one client, and be put back', async () => {
  const login: Protocol<string> = {
    name: 'login',
    framing: lines(),
    open(client) {
      client.deadlines({ idleMs: 1_000 });
    },
    message(line, client) {
      if (line === 'wait')
        client.deadlines({ idleMs: Number.POSITIVE_INFINITY, handlerMs: Number.POSITIVE_INFINITY });
      else client.deadlines({ idleMs: undefined, handlerMs: 50 });
      return line === 'never' || line === 'wait' ? never : 'ok\n';
    },
  };
  const limits = { idleTimeoutMs: 5_000, handlerTimeoutMs: 2_000 };
  await closesAfter(converse(login, limits), 1_000, 'idle');

  const user = converse(login, limits);
  await user.advance(900);
  user.send('name\n');
  await closesAfter(user, 5_000, 'idle');

  const waiting = converse(login, limits);
  waiting.send('wait\n');
  await waiting.advance(1_000_000);
  assert.equal(waiting.closed, undefined);

  const hasty = converse(login, limits);
  hasty.send('never\n');
  await closesAfter(hasty, 50, 'handler-timeout');
});

test('deadlines of a frame, of a reader and of the conversation may be set for one client, too', async () => {
  const ways: [ClientDeadlines, (talk: ReturnType<typeof converse<string, undefined>>) => void, string][] = [
    [{ frameMs: 70 }, (talk) => talk.send('half'), 'frame-timeout'],
    [
      { writeMs: 70 },
      (talk) => {
        talk.stopReading();
        talk.send('x\n');
      },
      'write-timeout',
    ],
    [{ sessionMs: 70 }, () => {}, 'max-session'],
  ];
  for (const [deadlines, act, reason] of ways) {
    const talk = converse(answering(echo, { open: (client) => client.deadlines(deadlines) }), noDeadlines);
    act(talk);
    await closesAfter(talk, 70, reason as 'idle');
  }
});

test('a deadline that is none is an error of its handler', async () => {
  for (const deadlines of [
    { idle: 0 },
    { idle: -1 },
    { idle: Number.NaN },
    { idle: '5' },
    { idles: 5 },
    { toString: 5 },
  ]) {
    const talk = converse(answering((_line, client) => client.deadlines(deadlines as ClientDeadlines)));
    talk.send('x\n');
    assert.equal(talk.closed, 'error');
    assert.ok(talk.errors[0] instanceof OptionError);
  }
});

test('timers fire in order at their times, and what they return goes out between answers', async () => {
  const deferred = new Deferred<string>();
  const talk = converse(
    answering(async function* (_line: string, client: Client) {
      client.setTimeout(() => 'second\n', 200);
      client.setTimeout(() => ['fir', 'st\n'], 100);
      client.setTimeout(() => 'never\n', 150)();
      yield 'answer ';
      yield deferred.promise;
    }),
    noDeadlines,
  );
  talk.send('x\n');
  await talk.advance(99);
  assert.equal(await talk.receive(), 'answer ');
  await talk.advance(1);
  deferred.resolve('ends\n');
  assert.equal(await talk.receive(), 'ends\nfirst\n');
  await talk.advance(99);
  assert.equal(await talk.receive(), '');
  await talk.advance(1);
  assert.equal(await talk.receive(), 'second\n');
});

test('a timer may set the next one, end its client, and fail at its client’s cost; none fires after the end', async () => {
  let beats = 0;
  const talk = converse(
    answering((line: string, client: Client) => {
      const beat = (): Reply => {
        if (++beats === 3) client.end();
        else client.setTimeout(beat, 1_000);
        return `beat ${beats}\n`;
      };
      client.setTimeout(beat, 1_000);
      return line;
    }),
    noDeadlines,
  );
  talk.send('x\n');
  await talk.advance(10_000);
  assert.equal(await talk.receive(), 'xbeat 1\nbeat 2\nbeat 3\n');
  assert.equal(talk.closed, 'protocol');

  const failing = converse(
    answering((_line, client) => {
      client.setTimeout(() => {
        throw new Error('too late');
      }, 10);
    }, finalReplies),
  );
  failing.send('x\n');
  await failing.advance(10);
  assert.equal(await failing.receive(), 'error: too late\n');
  assert.equal(failing.closed, 'error');

  const fired: number[] = [];
  const gone = converse(
    answering(echo, { open: (client) => void client.setTimeout(() => void fired.push(gone.now), 10) }),
  );
  gone.reset();
  await gone.advance(20);
  assert.deepEqual(fired, []);
});

test('a timer that sets itself again without a pause leaves others their turns', async () => {
  let fired = 0;
  const talk = converse(
    answering((line, client) => {
      const again = () => {
        fired++;
        client.setTimeout(again, 0);
      };
      again();
      return line;
    }),
    noDeadlines,
  );
  talk.send('x\n');
  await talk.advance(10);
  assert.equal(fired, 11);
});

test('no timer sends anything after the final message, whatever is still to be sent', async () => {
  const talk = converse(
    answering((_line, client) => {
      client.setTimeout(() => 'too late\n', 100);
      client.end();
      return 'x'.repeat(1_000);
    }),
    noDeadlines,
  );
  talk.stopReading();
  talk.send('x\n');
  await talk.advance(1_000);
  talk.startReading();
  assert.equal(await talk.receive(), 'x'.repeat(1_000));
  assert.equal(talk.closed, 'protocol');
});

test('a timer that cannot be is an error, and so is one too many', () => {
  const { client } = converse(answering(echo));
  for (const milliseconds of [-1, Number.NaN, '5' as unknown as number])
    assert.throws(() => client.setTimeout(() => undefined, milliseconds), OptionError);
  assert.throws(() => client.setTimeout('x' as never, 1), OptionError);
  for (let i = 0; i < 1_000; i++) client.setTimeout(() => undefined, 1_000);
  assert.throws(() => client.setTimeout(() => undefined, 1_000), OptionError);
});

test('a paused client is not read, none of its messages is begun, and its silence does not count', async () => {
  const talk = converse(
    answering((line, client) => {
      if (line === 'pause') client.pause();
      return `${line}\n`;
    }),
    { idleTimeoutMs: 1_000, frameTimeoutMs: 500 },
  );
  talk.send('a\npause\nb\nc\nhal');
  talk.send('f\n');
  assert.equal(await talk.receive(), 'a\npause\n');
  assert.equal(talk.client.paused, true);
  assert.equal(talk.serverReads, false);
  assert.equal(talk.unread, 2);
  await talk.advance(100_000);
  assert.equal(talk.closed, undefined);
  talk.client.send('news\n');
  assert.equal(await talk.receive(), 'news\n');
  talk.client.resume();
  assert.equal(await talk.receive(), 'b\nc\nhalf\n');
  await closesAfter(talk, 1_000, 'idle');
});

test('abort ends at once: what waits is dropped, answers are abandoned, and its cause is reported', async () => {
  let abandoned = false;
  const talk = converse(
    answering(async function* (_line: string, client: Client) {
      try {
        yield 'x'.repeat(100_000);
        client.abort(new Error('cheating'));
        yield 'more';
      } finally {
        abandoned = true;
      }
    }, finalReplies),
  );
  talk.stopReading();
  talk.send('x\n');
  await talk.settle();
  talk.startReading(90_000);
  await talk.settle();
  assert.equal(talk.closed, 'aborted');
  assert.equal(talk.bytesOut, 90_000);
  assert.match(String(talk.errors), /cheating/);
  await talk.settle();
  assert.equal(abandoned, true);
  const silent = converse(answering(echo));
  silent.client.abort();
  silent.client.abort();
  assert.deepEqual([silent.closed, silent.errors], ['aborted', []]);
});

/** Lines at first; `binary` changes to frames with a length, and an empty one back. */
function changing(when: 'at once' | 'later'): Protocol<string | Buffer> {
  return {
    name: 'changing',
    framing: lines() as Framing<string | Buffer>,
    async *message(frame, client) {
      if (when === 'later') await null;
      if (frame === 'binary') client.useFraming(lengthPrefixed());
      else if (frame.length === 0) client.useFraming(lines());
      yield typeof frame === 'string' ? `line ${frame};` : `frame ${frame};`;
    },
  };
}

test('a framing changes from the next byte on, however the bytes are cut', async () => {
  const bytes = Buffer.from('a\nbinary\n\0\x02b\n\0\x01c\0\0d\nbinary\n\0\x03efg');
  const wanted = 'line a;line binary;frame b\n;frame c;frame ;line d;line binary;frame efg;';
  for (const when of ['at once', 'later'] as const) {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const talk = converse(changing(when));
      talk.send(bytes.subarray(0, cut));
      if (when === 'later') await talk.settle();
      talk.send(bytes.subarray(cut));
      assert.equal(await talk.receive(), wanted, `cut at ${cut}`);
    }
  }
});

test('the longest incomplete frame is that of the framing that is used', async () => {
  const protocol: Protocol<Buffer> = {
    name: 'growing',
    framing: byteLines({ maxLength: 10 }),
    message(frame, client) {
      if (frame.toString() === 'large') client.useFraming(fixedSize(100_000));
      return `${frame.length}\n`;
    },
  };
  const talk = converse(protocol);
  talk.send('large\n');
  talk.send(Buffer.alloc(99_999));
  assert.equal(await talk.receive(), '5\n');
  talk.send(Buffer.alloc(1));
  assert.equal(await talk.receive(), '100000\n');
  for (const nonsense of [undefined, {}, lines, { create: 5, maxIncomplete: 5 }])
    assert.throws(() => talk.client.useFraming(nonsense as never), OptionError);
});
