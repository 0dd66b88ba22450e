/** Words that need quotes to be names (pg_get_keywords() of PostgreSQL 15, categories R and T). */
const reserved =
  'all analyse analyze and any array as asc asymmetric both case cast check collate column ' +
  'constraint create current_catalog current_date current_role current_time current_timestamp ' +
  'current_user default deferrable desc distinct do else end except false fetch for foreign from ' +
  'grant group having in initially intersect into lateral leading limit localtime localtimestamp ' +
  'not null offset on only or order placing primary references returning select session_user some ' +
  'symmetric table then to trailing true union unique user using variadic when where window with';
const functionOrType =
  'authorization binary collation concurrently cross current_schema freeze full ilike inner is ' +
  'isnull join left like natural notnull outer overlaps right similar tablesample verbose';

/** Rows of pg_get_keywords(): the word, its category, and the category in words. */
export const keywords: readonly (readonly [word: string, category: string, described: string])[] = [
  ...reserved.split(' ').map((word) => [word, 'R', 'reserved'] as const),
  ...functionOrType.split(' ').map((word) => [word, 'T', 'reserved (can be function or type name)'] as const),
];
