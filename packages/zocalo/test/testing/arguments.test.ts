import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines, type Protocol } from '../../src/index.ts';
import { shown } from '../../src/option-checks.ts';
import { type ConverseOptions, converse } from '../../src/testing/index.ts';

const echo: Protocol<string> = { name: 'echo', framing: lines(), message: (line) => `${line}\n` };

test('what is no protocol is rejected with what it lacks', () => {
  for (const value of [
    undefined,
    null,
    42,
    {},
    () => echo,
    { ...echo, message: 'hi' },
    { ...echo, framing: lines },
  ]) {
    assert.throws(() => converse(value as unknown as Protocol), {
      code: 'ERR_OPTION',
      message: /^this cannot be conversed with as a protocol: it/,
    });
  }
});

test('options of a conversation that cannot be used, or that there are not, are refused', () => {
  for (const [options, message] of [
    [{ idleTimout: 5 }, 'converse has no option "idleTimout"; did you mean "idleTimeoutMs"?'],
    [{ maxClients: 5 }, /^converse has no option "maxClients"/],
    [{ idleTimeoutMs: '5' }, /^idleTimeoutMs must be more than 0 milliseconds .*, not the string "5"$/],
    [{ highWater: 0 }, /^highWater must be a whole number of 1 or more, not 0$/],
    [{ quota: '5' }, /^quota must be .*, not the string "5"$/],
    [{ quota: 5, quotaRefillMs: Number.NaN }, /^quotaRefillMs must be .*, not NaN$/],
    [{ id: -1 }, /^id must be .*, not -1$/],
    [{ remoteAddress: 5 }, /^remoteAddress must be .*, not 5$/],
    [{ localPort: 65_536 }, /^localPort must be .*, not 65536$/],
    [{ activeClients: null }, /^activeClients must be .*, not null$/],
    [{ waitingClients: '1' }, /^waitingClients must be .*, not the string "1"$/],
    [null, 'the options of converse must be an object, not null'],
  ] as const) {
    assert.throws(() => converse(echo, options as unknown as ConverseOptions), {
      code: 'ERR_OPTION',
      message,
    });
  }
  assert.equal(converse(echo, { remoteAddress: '', quota: 5 }).client.messagesLeft, 5);
});

test('what a client cannot do is refused', async () => {
  const talk = converse(echo);
  for (const value of [5, null, undefined, ['a'], { length: 5 }, new ArrayBuffer(5)]) {
    assert.throws(() => talk.send(value as string), {
      message: `what is sent must be text or bytes, not ${shown(value)}`,
    });
  }
  for (const value of [-1, Number.NaN, '5', null])
    assert.throws(() => talk.startReading(value as number), { code: 'ERR_OPTION' });
  for (const value of [-1, Number.NaN, '5', null, undefined, Number.POSITIVE_INFINITY])
    await assert.rejects(talk.advance(value as number), { code: 'ERR_OPTION' });
  for (const value of ['', 5, null])
    await assert.rejects(talk.receiveUntil(value as string), { code: 'ERR_OPTION' });
  talk.send('still here\n');
  assert.equal(await talk.receive(), 'still here\n');
});
