import type { Command } from '../dialect/commands.ts';
import type { Column } from '../engine/types.ts';
import { SqlError } from '../sql-error.ts';
import type { Compiled } from './compiler.ts';
import type { SessionContext } from './session-context.ts';
import { awaited, type Work } from './work.ts';

export type CopyCommand = Extract<Command, { kind: 'copy' }>;

/** What a COPY reads or writes: the columns, and the query or the table that they are of. */
export type CopyTarget = {
  readonly columns: readonly Column[];
  /** The query whose rows COPY TO sends. */
  readonly query: string;
  /** The statement that takes in one row of COPY FROM. */
  readonly insert: string;
};

/** @throws SqlError 0A000 for files of the server, EngineError when there is no such table or column */
export function* copyTarget({ session }: SessionContext, compiled: Compiled): Work<CopyTarget> {
  const command = compiled.command as CopyCommand;
  if (command.target !== 'client') {
    throw new SqlError('0A000', `COPY to or from a ${command.target} of the server is not supported`, {
      hint: "COPY FROM STDIN and COPY TO STDOUT go through the client; psql's \\copy does as well.",
    });
  }
  const { table } = command;
  if (table === undefined) {
    const query = compiled.inner?.translation?.sql[0];
    if (query === undefined || compiled.inner?.command.kind !== 'select') {
      throw new SqlError('0A000', 'COPY (query) is supported for SELECT and VALUES');
    }
    const { columns } = yield* awaited(session.describe(query));
    return { columns, query, insert: '' };
  }
  const twice = command.columns.find((name, index) => command.columns.indexOf(name) < index);
  if (twice !== undefined) throw new SqlError('42701', `column "${twice}" specified more than once`);
  const list = command.columns.length === 0 ? '*' : command.columns.map(quoted).join(', ');
  const query = `SELECT ${list} FROM ${quoted(table)}`;
  const { columns } = yield* awaited(session.describe(query));
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  const values = columns.map((_, i) => `?${i + 1}`).join(', ');
  return { columns, query, insert: `INSERT INTO ${quoted(table)} (${names}) VALUES (${values})` };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
