import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Admission, type AdmissionOptions } from '../../src/admission/admission.ts';

/** The plain way to say who is in and who waits. */
type Model = {
  options: AdmissionOptions;
  now: number;
  nextId: number;
  active: number;
  line: { id: number; since: number }[];
  /** Those of the line that have finished sending, in that order. */
  finished: number[];
  longestWaitMs: number;
};

type Command = fc.Command<Model, Admission<number>>;

/** What must hold after every step. */
function check(model: Model, real: Admission<number>): void {
  assert.equal(real.active, model.active);
  assert.equal(real.waiting, model.line.length);
  assert.deepEqual(
    [...real.line()],
    model.line.map(({ id }) => id),
  );
  assert.equal(real.longestWaitMs, model.longestWaitMs);
  const { maxClients, maxWaiting, waitTimeoutMs } = model.options;
  assert.equal(real.full, model.active === maxClients && model.line.length === maxWaiting);
  assert.equal(real.nextExpiry, (model.line[0]?.since ?? Number.POSITIVE_INFINITY) + waitTimeoutMs);
  assert.ok(real.active <= maxClients, 'more are in than may be');
  assert.ok(real.waiting <= maxWaiting, 'more wait than may');
  assert.ok(real.waiting === 0 || real.active === maxClients, 'a client waits though there is room');
}

function remove(model: Model, gone: (waiting: Model['line'][number]) => boolean): void {
  model.line = model.line.filter((waiting) => !gone(waiting));
  model.finished = model.finished.filter((finished) => model.line.some(({ id }) => id === finished));
}

class Arrive implements Command {
  check = () => true;
  run(model: Model, real: Admission<number>): void {
    const id = model.nextId++;
    const { maxClients, maxWaiting } = model.options;
    const verdict = model.active < maxClients ? 'enter' : model.line.length < maxWaiting ? 'wait' : 'refuse';
    if (verdict === 'enter') model.active++;
    if (verdict === 'wait') model.line.push({ id, since: model.now });
    assert.equal(real.arrive(id, model.now), verdict);
    check(model, real);
  }
  toString = () => 'arrive';
}

class Leave implements Command {
  check = (model: Model) => model.active > 0;
  run(model: Model, real: Admission<number>): void {
    const whole = model.line.filter(({ id }) => !model.finished.includes(id));
    const full = model.line.length >= model.options.maxWaiting;
    const next = full && whole.length > 0 ? whole[0] : model.line[0];
    remove(model, ({ id }) => id === next?.id);
    if (next === undefined) model.active--;
    else model.longestWaitMs = Math.max(model.longestWaitMs, model.now - next.since);
    assert.equal(real.leave(model.now), next?.id);
    check(model, real);
  }
  toString = () => 'leave';
}

class GiveUp implements Command {
  readonly #place: number;
  constructor(place: number) {
    this.#place = place;
  }
  check = () => true;
  run(model: Model, real: Admission<number>): void {
    const id = model.line[this.#place]?.id ?? -1;
    remove(model, (waiting) => waiting.id === id);
    assert.equal(real.cancel(id), id >= 0);
    check(model, real);
  }
  toString = () => `giveUp(${this.#place})`;
}

class Finish implements Command {
  readonly #place: number;
  constructor(place: number) {
    this.#place = place;
  }
  check = () => true;
  run(model: Model, real: Admission<number>): void {
    const id = model.line[this.#place]?.id ?? -1;
    if (id >= 0 && !model.finished.includes(id)) model.finished.push(id);
    real.finished(id);
    check(model, real);
  }
  toString = () => `finish(${this.#place})`;
}

class GiveWay implements Command {
  check = () => true;
  run(model: Model, real: Admission<number>): void {
    const full = model.line.length >= model.options.maxWaiting;
    const gone = full ? model.finished.at(-1) : undefined;
    remove(model, ({ id }) => id === gone);
    assert.equal(real.evictFinished(), gone);
    check(model, real);
  }
  toString = () => 'giveWay';
}

class Expire implements Command {
  readonly #after: number;
  constructor(after: number) {
    this.#after = after;
  }
  check = () => true;
  run(model: Model, real: Admission<number>): void {
    model.now += this.#after;
    const over = ({ since }: { since: number }) => model.now >= since + model.options.waitTimeoutMs;
    const gone = model.line.filter(over).map(({ id }) => id);
    remove(model, over);
    assert.deepEqual(real.expire(model.now), gone);
    check(model, real);
  }
  toString = () => `expire after ${this.#after}`;
}

class DismissLine implements Command {
  check = () => true;
  run(model: Model, real: Admission<number>): void {
    const gone = model.line.map(({ id }) => id);
    remove(model, () => true);
    assert.deepEqual(real.rejectAll(), gone);
    check(model, real);
  }
  toString = () => 'dismissLine';
}

const options = fc.record({
  maxClients: fc.integer({ min: 1, max: 4 }),
  maxWaiting: fc.integer({ min: 0, max: 5 }),
  waitTimeoutMs: fc.constantFrom(0, 10, 25, Number.POSITIVE_INFINITY),
});

const commands = fc.commands(
  [
    fc.constant(new Arrive()),
    fc.constant(new Arrive()),
    fc.constant(new Leave()),
    fc.nat(6).map((place) => new GiveUp(place)),
    fc.nat(6).map((place) => new Finish(place)),
    fc.constant(new GiveWay()),
    fc.nat(20).map((after) => new Expire(after)),
    fc.constant(new DismissLine()),
  ],
  { maxCommands: 60, size: '+1' },
);

test('in any order of arrivals: never more in than may be, first come first served except for those that yield, one in for one out', () => {
  fc.assert(
    fc.property(options, commands, (options, commands) => {
      fc.modelRun(() => {
        const model = { options, now: 0, nextId: 0, active: 0, line: [], finished: [], longestWaitMs: 0 };
        return { model, real: new Admission<number>(options) };
      }, commands);
    }),
    { numRuns: 500 },
  );
});
