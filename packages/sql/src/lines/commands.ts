import type { Reply } from 'zocalo';
import { formatDuration, parseDuration } from 'zocalo/service';
import { EngineError } from '../engine/engine-error.ts';
import type { SqlSession, Value } from '../engine/types.ts';
import { type Mode, modes } from './answer-format.ts';
import { failure } from './answers.ts';
import { visible } from './cells.ts';

/** What the commands read and change. */
type Commander = { readonly session: SqlSession; mode: Mode; readonly longest: number };

const help = `A statement of SQL ends with ; and may have several lines. Its rows come as you read them.
.mode [table|csv|json|lines]  how answers are written
.tables                       the tables and views
.schema [NAME]                how they were made
.timeout [30s|none]           the longest a statement may take
.help                         this text
.quit                         leave
`;

/** Carries out a command, written without its dot. */
export function command(client: Commander, line: string): Reply {
  const [name = '', argument, ...more] = line.trim().split(/\s+/);
  if (more.length > 0) return failure(client.mode, `.${name} takes one word at most`);
  switch (name) {
    case 'help':
      return help;
    case 'mode':
      return changeMode(client, argument);
    case 'tables':
      return listed(client, tables);
    case 'schema':
      return schemaOf(client, argument);
    case 'timeout':
      return changeTimeout(client, argument);
    default:
      return failure(client.mode, `there is no command .${visible(name)}; .help lists them`);
  }
}

function changeMode(client: Commander, argument: string | undefined): string {
  if (argument === undefined) return `mode: ${client.mode}\n`;
  const mode = modes.find((each) => each === argument);
  if (mode === undefined) return failure(client.mode, `a mode is one of ${modes.join(', ')}`);
  client.mode = mode;
  return '';
}

function changeTimeout(client: Commander, argument: string | undefined): string {
  const { session, longest } = client;
  if (argument === undefined) return `timeout: ${formatDuration(session.statementTimeoutMs)}\n`;
  const timeout = parseDuration(argument);
  if (timeout === undefined)
    return failure(client.mode, 'a timeout is a duration such as 500ms, 30s or 5m, or none');
  if (timeout > longest) return failure(client.mode, `the timeout is ${formatDuration(longest)} at most`);
  session.statementTimeoutMs = timeout;
  return '';
}

const tables = `SELECT name FROM sqlite_schema
  WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`;

const schema = `SELECT sql FROM sqlite_schema
  WHERE sql IS NOT NULL AND (?1 IS NULL OR lower(tbl_name) = lower(?1)) ORDER BY rowid`;

async function listed(client: Commander, sql: string): Promise<string> {
  const names = await column(client, sql);
  return typeof names === 'string' ? names : names.map((name) => `${visible(name)}\n`).join('');
}

async function schemaOf(client: Commander, name: string | undefined): Promise<string> {
  const found = await column(client, schema, [name ?? null]);
  if (typeof found === 'string') return found;
  if (found.length === 0 && name !== undefined)
    return failure(client.mode, `there is no table or view ${visible(name)}`);
  // Statements keep their lines.
  return found.map((sql) => `${sql.split('\n').map(visible).join('\n')};\n`).join('');
}

/** The first column of an answer; a text when it failed. */
async function column(
  client: Commander,
  sql: string,
  parameters: readonly Value[] = [],
): Promise<string[] | string> {
  try {
    const rows = await client.session.execute(sql, parameters);
    const found: string[] = [];
    for (let last = false; !last; ) {
      const batch = await rows.next();
      for (const row of batch.values) found.push(String(row[0]));
      last = batch.last;
    }
    return found;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return failure(client.mode, error.message);
  }
}
