import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Admission } from '../../src/admission/admission.ts';
import type { AcceptedSocket, Loop } from '../../src/loops/loop.ts';
import { type PendingConnection, WaitingLine } from '../../src/server/waiting-line.ts';

const WORDS = Buffer.from('words');

/** A line of so many behind one client, under a clock that the test sets. */
class Line {
  readonly admission = new Admission<PendingConnection>({
    maxClients: 1,
    maxWaiting: 9_999,
    waitTimeoutMs: Infinity,
  });
  /** What each client has been told, by its id. */
  readonly told = new Map<number, number[]>();
  sayings = 0;
  readonly #line: WaitingLine;
  #now = 0;
  #moves = 0;

  constructor(length: number) {
    const now = () => this.#now;
    const loop = {
      clock: {
        get now() {
          return now();
        },
      },
      hold: (socket: AcceptedSocket) => ({ send: () => this.sayings++, take: () => socket }),
    };
    this.#line = new WaitingLine(this.admission, loop as unknown as Loop, {
      leftLine() {},
      waitTimedOut() {},
      placeMessage: ({ identity }, place) => {
        this.told.get(identity.id)?.push(place);
        assert.equal(place, this.placeOf(identity.id), 'a place is told that it has not');
        return WORDS;
      },
    });
    this.admission.arrive({} as PendingConnection, 0);
    for (let id = 1; id <= length; id++) {
      const connection = {
        identity: { id },
        endpoint: {},
        socket: {},
        arrivedAt: 0,
      } as unknown as PendingConnection;
      this.told.set(id, []);
      assert.equal(this.admission.arrive(connection, 0), 'wait');
      this.#line.add(connection);
    }
    this.sayings = 0;
  }

  /** Those in front have left, one by one. */
  placeOf(id: number): number {
    return id - this.#moves;
  }

  /** The client that is served leaves, and the first that waits enters. */
  next(): void {
    this.admission.leave(this.#now);
    this.#moves++;
    this.#line.placesChanged();
    mock.timers.tick(0);
  }

  after(milliseconds: number): void {
    this.#now += milliseconds;
    mock.timers.tick(milliseconds);
  }
}

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] }));
afterEach(() => mock.timers.reset());

test('the first ten are notified of each move at once', () => {
  const line = new Line(500);
  for (let i = 0; i < 5; i++) line.next();
  assert.deepEqual(line.told.get(10)?.slice(1), [9, 8, 7, 6, 5]);
  assert.deepEqual(line.told.get(15), [15, 14, 10]);
});

test('a line that moves all the time is notified in rounds, and each client hears a place that it has', () => {
  const line = new Line(2_000);
  for (let i = 0; i < 1_000; i++) {
    line.next();
    line.after(2);
  }
  // 1,000 moves in 2 s: ten at once each time, and the others at most once a second.
  assert.ok(line.sayings <= 1_000 * 10 + 3 * 2_000, `${line.sayings} were told`);
  for (let id = 1_500; id <= 2_000; id++) {
    const places = line.told.get(id) ?? [];
    assert.ok(places.length >= 2 && places.length <= 4, `${id} was told ${places}`);
  }
});

test('when the line stands still, all know their places in the end, and then nothing more is sent', () => {
  const line = new Line(2_000);
  for (let i = 0; i < 300; i++) {
    line.next();
    line.after(1);
  }
  for (let i = 0; i < 100; i++) line.after(50);
  for (let id = 301; id <= 2_000; id++) assert.equal(line.told.get(id)?.at(-1), id - 300);
  const { sayings } = line;
  for (let i = 0; i < 100; i++) line.after(50);
  assert.equal(line.sayings, sayings);
});

test('a line too long for a second is notified whole all the same, the last as often as the first', () => {
  const line = new Line(6_000);
  for (let i = 0; i < 400; i++) {
    line.next();
    line.after(25);
  }
  const heard = (id: number) => line.told.get(id)?.length ?? 0;
  assert.ok(heard(6_000) >= 3, `the last was told ${heard(6_000)} times`);
  assert.ok(heard(1_000) - heard(6_000) <= 1);
});
