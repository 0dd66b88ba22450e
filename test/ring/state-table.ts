import { states } from '../../src/services/ring/protocol/state.ts';
import { actions, occurrences, table } from '../../src/services/ring/protocol/table.ts';

/** The table of states and the list of actions, as they stand in docs/ring.md. */
export function stateTable(): string {
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
