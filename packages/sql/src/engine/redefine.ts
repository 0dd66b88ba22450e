import type { DatabaseSync } from 'node:sqlite';
import { SqlError } from '../sql-error.ts';

/** Another definition of a table, as `CREATE TABLE name (…)`. */
export type Redefinition = {
  readonly table: string;
  readonly definition: string;
  /** Where the parenthesis of its list stands in the definition. */
  readonly list: number;
};

/** What a table is called for as long as a definition is tried. */
const TRIAL = '_zocalo_trial';

/**
 * Gives a table another definition, within the transaction that is open; its rows stay. SQLite has no statement for it.
 * What changes nothing in how rows and keys lie in the file (foreign keys, CHECK, NOT NULL, defaults, types) is written into
 * the schema, otherwise the table is made anew and its rows are copied; both are described in
 * https://www.sqlite.org/lang_altertable.html#otheralter. There foreign keys are switched off meanwhile, which no
 * transaction allows: a table to which others refer is not made anew, since emptying it would run what their keys say.
 * Whether the rows keep the new constraints is for the caller to see.
 * @throws what SQLite says of the definition; SqlError 0A000 for a table that would have to be made anew and cannot be
 */
export function redefine(database: DatabaseSync, change: Redefinition): void {
  const { table, definition, list } = change;
  database.exec(`CREATE TABLE ${TRIAL} ${definition.slice(list)}`);
  const fits = layout(database, TRIAL) === layout(database, table);
  database.exec(`DROP TABLE ${TRIAL}`);
  if (fits) rewrite(database, change);
  else rebuild(database, change);
}

/** How the rows and the keys of a table lie in the file, as a text to be compared. */
function layout(database: DatabaseSync, table: string): string {
  const all = (sql: string) =>
    database
      .prepare(sql)
      .all(table)
      .map((row) => String(row));
  return [
    all("SELECT wr, strict FROM pragma_table_list(?) WHERE schema = 'main'"),
    // The one key that is the number of the row is an INTEGER, by this very name.
    all("SELECT name, pk, hidden, pk > 0 AND upper(type) = 'INTEGER' FROM pragma_table_xinfo(?)"),
    all(
      `SELECT l.origin, x.cid, x.coll, x."desc", x.key FROM pragma_index_list(?) AS l, pragma_index_xinfo(l.name) AS x
       WHERE l.origin <> 'c' ORDER BY l.name, x.seqno`,
    ),
  ].join(';');
}

function rewrite(database: DatabaseSync, { table, definition }: Redefinition): void {
  database.enableDefensive(false);
  try {
    database.exec('PRAGMA writable_schema = ON');
    try {
      database
        .prepare("UPDATE main.sqlite_schema SET sql = ?2 WHERE type = 'table' AND name = ?1 COLLATE NOCASE")
        .run(table, definition);
    } finally {
      // Reads the schema anew as well.
      database.exec('PRAGMA writable_schema = RESET');
    }
    // Making and dropping the trial table has changed the schema version for other connections already.
    database.prepare(`SELECT 1 FROM ${quoted(table)}`);
  } finally {
    database.enableDefensive(true);
  }
}

function rebuild(database: DatabaseSync, { table, definition }: Redefinition): void {
  const texts = (sql: string) =>
    database
      .prepare(sql)
      .all(table)
      .map((row) => String((row as unknown as unknown[])[0]));
  const referring = texts(
    `SELECT m.name FROM main.sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f
     WHERE m.type = 'table' AND f."table" = ?1 COLLATE NOCASE AND m.name <> ?1 COLLATE NOCASE`,
  );
  if (referring.length > 0) {
    throw new SqlError(
      '0A000',
      `this change of table "${table}" is not supported while table "${referring[0]}" refers to it`,
    );
  }
  const belongings = texts(
    `SELECT sql FROM main.sqlite_schema WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger')
     AND sql IS NOT NULL ORDER BY type`,
  );
  const columns = texts('SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0').map(quoted).join(', ');
  const counters = texts(
    "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence' AND ?1 <> ''",
  ).length;
  const [counter] = counters === 0 ? [] : texts('SELECT seq FROM sqlite_sequence WHERE name = ?');
  database.exec(`CREATE TABLE ${TRIAL} AS SELECT ${columns} FROM ${quoted(table)}`);
  database.exec(`DROP TABLE ${quoted(table)}`);
  database.exec(definition);
  database.exec(`INSERT INTO ${quoted(table)} (${columns}) SELECT ${columns} FROM ${TRIAL}`);
  database.exec(`DROP TABLE ${TRIAL}`);
  for (const sql of belongings) database.exec(sql);
  if (counter !== undefined) {
    database
      .prepare('UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1')
      .run(table, BigInt(counter));
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
