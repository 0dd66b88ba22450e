import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { FrameType } from '../src/protocol/frame.ts';
import { states } from '../src/protocol/state.ts';
import { actions, occurrences, table } from '../src/protocol/table.ts';

test('every state says what it does with every frame, time-out and change of a link', () => {
  assert.deepEqual(Object.keys(table), [...states]);
  for (const state of states) {
    for (const each of occurrences) assert.ok(table[state][each] in actions, `${state} against ${each}`);
  }
  for (const type of Object.keys(FrameType))
    assert.ok(
      occurrences.some((each) => each === type),
      type,
    );
});

test('docs/ring.md shows the table as it is', () => {
  const page = rowsOf(readFileSync(new URL('../../../docs/ring.md', import.meta.url), 'utf8'));
  for (const row of rowsOf(stateTable())) assert.ok(page.includes(row), `docs/ring.md lacks: ${row}`);
});

/** The rows of a text's tables, without the spaces that line up their columns. */
function rowsOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[|\s-]+$/.test(line))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .join('|'),
    );
}

/** The table of states and the list of actions, as they stand in docs/ring.md. */
function stateTable(): string {
  const lines = [
    `| | ${states.join(' | ')} |`,
    `|---${'|---'.repeat(states.length)}|`,
    ...occurrences.map((each) => `| ${each} | ${states.map((state) => table[state][each]).join(' | ')} |`),
    '',
    '| action | |',
    '|---|---|',
    ...Object.entries(actions).map(([action, text]) => `| ${action} | ${text} |`),
  ];
  return `${lines.join('\n')}\n`;
}
