/** Words that PostgreSQL never takes for a name unless they are quoted (appendix C of its documentation). */
export const reserved: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create ' +
    'current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc ' +
    'distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral ' +
    'leading limit localtime localtimestamp not null offset on only or order placing primary references returning ' +
    'select session_user some symmetric table then to trailing true union unique user using variadic when where ' +
    'window with'
  ).split(' '),
);

/** Words that may name a function or a type, but no table without quotes. */
export const functionOrType: ReadonlySet<string> = new Set(
  (
    'authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left ' +
    'like natural notnull outer overlaps right similar tablesample verbose'
  ).split(' '),
);

/** Words that name a column of a result only behind AS. */
export const labelsAfterAs: ReadonlySet<string> = new Set(
  (
    'array as char character create day except fetch filter for from grant group having hour intersect into isnull ' +
    'limit minute month notnull offset on order over overlaps precision returning second to union varying where ' +
    'window with within without year'
  ).split(' '),
);

/** SQLite's keywords (https://www.sqlite.org/lang_keywords.html): as names they are written in quotes. */
const sqliteKeywords: ReadonlySet<string> = new Set(
  (
    'abort action add after all alter always analyze and as asc attach autoincrement before begin between by cascade ' +
    'case cast check collate column commit conflict constraint create cross current current_date current_time ' +
    'current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape ' +
    'except exclude exclusive exists explain fail filter first following for foreign from full generated glob group ' +
    'groups having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join ' +
    'key last left like limit match materialized natural no not nothing notnull null nulls of offset on or order ' +
    'others outer over partition plan pragma preceding primary query raise range recursive references regexp reindex ' +
    'release rename replace restrict returning right rollback row rows savepoint select set table temp temporary then ' +
    'ties to transaction trigger unbounded union unique update using vacuum values view virtual when where window ' +
    'with without'
  ).split(' '),
);

/** A name as SQLite is to read it. */
export function quoteName(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !sqliteKeywords.has(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal of SQLite. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
