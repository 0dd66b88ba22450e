import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type DrawnNode, drawRing, type ProcessState } from '../../src/command/drawing.ts';
import type { NodeStatus } from '../../src/control/status.ts';

function status(id: number, changes: Partial<NodeStatus> = {}): NodeStatus {
  const lane = { held: id === 0, resting: false, inFlight: [], token: 8 - id, rotation: 1 };
  return {
    ...{
      id,
      state: 'ring',
      view: 3,
      epoch: 64,
      members: [0, 1, 2],
      wrapped: false,
      coordinator: 0,
      guests: [],
    },
    ...{ draining: false, lanes: [lane, { ...lane, held: false }], queue: 1_000, more: false },
    ...{ sent: 0, done: 8, undeliverable: 0, uncertain: 0, delivered: 16_000, tokens: 9 },
    ...changes,
  };
}

function drawn(lives: ProcessState[], { columns = 80, rows = 24 } = {}, said = true): string[] {
  const nodes: DrawnNode[] = lives.map((processState, id) => ({
    id,
    processState,
    status: said ? status(id) : undefined,
  }));
  const picture = { nodes, elapsed: 1_000, delivered: 40, messages: 40, size: { columns, rows } };
  return drawRing(picture).map((line) => stripVTControlCharacters(line));
}

test('the drawing of a ring fits the terminal, and no text of a node is cut off', () => {
  for (const size of [
    { columns: 80, rows: 24 },
    { columns: 80, rows: 14 },
    { columns: 60, rows: 15 },
    { columns: 200, rows: 60 },
  ]) {
    const lines = drawn(['running', 'running', 'running', 'running'], size);
    assert.ok(lines.length <= size.rows, `${lines.length} lines in ${size.rows}`);
    for (const line of lines) assert.ok(line.length < size.columns, line);
    assert.equal(lines.join('\n').match(/1000 wait, 16000 came/g)?.length, 4);
  }
});

test('a node that has not begun is starting, one that was killed is dead, and the last picture has no tokens', () => {
  const [starting] = [drawn(['starting', 'starting'], {}, false).join('\n')];
  assert.equal(starting.match(/starting/g)?.length, 2);
  assert.doesNotMatch(starting, /dead/);
  const last = drawn(['ended', 'ended', 'dead']).slice(0, -1).join('\n');
  assert.match(last, /\[2\] dead/);
  assert.equal(last.match(/ended/g)?.length, 2);
  assert.doesNotMatch(last, /[►◄]/);
  assert.match(last, /view 3 {3}delivered 40 of 40 {3}given up 0/);
});
