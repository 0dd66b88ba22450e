import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameError } from 'zocalo';
import { Input } from 'zocalo/internal';
import { SqlError } from '../../src/sql-error.ts';
import { oids } from '../../src/types/pg-type.ts';
import type { FrontendMessage } from '../../src/wire/frontend.ts';
import { frontendFraming } from '../../src/wire/frontend-framing.ts';
import { parameterValue } from '../../src/wire/value-parameter.ts';
import { frontend } from './frontend-bytes.ts';

const framing = frontendFraming({ maxMessage: 70_000 });
const types = [...Object.values(oids), 1009, 1007, 0];

const originals = [
  [frontend.sslRequest(), frontend.startup(), frontend.query('select 1; select 2')],
  [frontend.startup({ user: 'ana', options: '-c a=b' }), frontend.password('x\0')],
  [
    frontend.startup(),
    frontend.parse('s', 'select $1', [23, 25]),
    frontend.bind('p', 's', ['12', '-7', null, '1995-01-01 10:00+02', '{a,b}'], { formats: [1, 0, 0, 0, 0] }),
    frontend.describe('P', 'p'),
    frontend.execute('p', 5),
    frontend.close('S', 's'),
    frontend.sync(),
  ],
  [
    frontend.startup(),
    frontend.copyData('a\tb\n'),
    frontend.copyDone(),
    frontend.functionCall(3, ['ab']),
    frontend.terminate(),
  ],
  [frontend.cancelRequest(1, 2)],
].map((messages) => Buffer.concat(messages));

/** Park and Miller's generator, so that a failure can be had again. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state % below;
  };
}

/** Bytes flipped, cut out, doubled, or set to what matters in lengths. */
function mutated(bytes: Buffer, random: (below: number) => number): Buffer {
  let result = Buffer.from(bytes);
  for (let times = 1 + random(4); times > 0 && result.length > 0; times--) {
    const at = random(result.length);
    switch (random(4)) {
      case 0:
        result[at] = (result[at] as number) ^ (1 << random(8));
        break;
      case 1:
        result[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)] as number;
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + random(6))]);
        break;
      default:
        result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, at - random(6)))]);
    }
  }
  return result;
}

/** Reads until nothing more comes or the conversation is over; says how it ended. */
function outcome(pieces: readonly Buffer[]): { frames: FrontendMessage[]; error: string | undefined } {
  const framer = framing.create();
  const input = new Input();
  const frames: FrontendMessage[] = [];
  try {
    for (const piece of pieces) {
      input.feed(piece, 0, piece.length, 1_000_000);
      for (let frame = framer.next(input); frame !== undefined; frame = framer.next(input))
        frames.push(frame);
      input.detach();
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { frames, error: error.message };
  }
  assert.ok(input.length <= framing.maxIncomplete);
  return { frames, error: undefined };
}

/** Reads every parameter as every type; all that may come of it is a value or an SqlError. */
function readParameters(frame: FrontendMessage): void {
  if (frame.type !== 'bind' && frame.type !== 'function-call') return;
  for (let i = 0; i < frame.parameters.length; i++) {
    for (const oid of types) {
      try {
        parameterValue(frame.parameters, i, oid);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
      }
    }
  }
}

test('100,000 mutated conversations end with messages, or with the reason why not, whole or in two pieces', () => {
  const random = generator(5);
  const seen = new Map<string, number>();
  for (let i = 0; i < 100_000; i++) {
    const bytes = mutated(originals[i % originals.length] as Buffer, random);
    const whole = outcome([bytes]);
    const cut = random(bytes.length + 1);
    const halves = outcome([bytes.subarray(0, cut), bytes.subarray(cut)]);
    assert.equal(halves.error, whole.error);
    assert.deepEqual(
      halves.frames.map(({ type }) => type),
      whole.frames.map(({ type }) => type),
    );
    for (const frame of whole.frames) {
      seen.set(frame.type, (seen.get(frame.type) ?? 0) + 1);
      if (i % 10 === 0) readParameters(frame);
    }
  }
  for (const type of ['bind', 'parse', 'query', 'invalid', 'copy-data', 'cancel-request', 'startup']) {
    assert.ok((seen.get(type) ?? 0) > 1_000, `${type}: ${seen.get(type)}`);
  }
});
