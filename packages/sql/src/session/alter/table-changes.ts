import type { Step, TableChange } from '../../dialect/translation.ts';
import type { SessionContext } from '../session-context.ts';
import type { Work } from '../work.ts';
import { addCheck, addForeignKey, addKey, setNotNull } from './add-constraint.ts';
import { addColumn, dropColumn, setDefault, setType } from './alter-column.ts';
import { dropConstraint } from './drop-constraint.ts';
import { dropViews, freeTables } from './drop-table.ts';
import { TableWork } from './table-work.ts';

/**
 * Carries out what SQLite has no statement for in ALTER TABLE and DROP TABLE: the definition of a table is read, changed
 * token by token, and given to the table; then its rows are looked at. All in the transaction of the statement.
 * @throws SqlError, EngineError
 */
export function* changeTables(context: SessionContext, steps: readonly Step[]): Work {
  context.block.beginImplicit();
  const work = new TableWork(context);
  for (const step of steps) {
    if (typeof step === 'string') yield* work.run(step);
    else yield* change(work, step);
  }
}

function* change(work: TableWork, step: TableChange): Work {
  // What nothing refers to is dropped without it, temporary tables too.
  if (step.kind !== 'free tables' && step.kind !== 'drop views of') yield* work.lock();
  switch (step.kind) {
    case 'add foreign key':
      return yield* addForeignKey(work, step);
    case 'add check':
      return yield* addCheck(work, step);
    case 'add key':
      return yield* addKey(work, step);
    case 'add column':
      return yield* addColumn(work, step);
    case 'drop column':
      return yield* dropColumn(work, step);
    case 'drop constraint':
      return yield* dropConstraint(work, step);
    case 'set default':
      return yield* setDefault(work, step);
    case 'set not null':
      return yield* setNotNull(work, step.table, step.column);
    case 'set type':
      return yield* setType(work, step);
    case 'drop views of':
      return yield* dropViews(work, step);
    case 'free tables':
      return yield* freeTables(work, step);
  }
}
