const SCALE = 'numbers are kept as SQLite keeps them: zeros at the end of a fraction are not';

/** Where the answer is not PostgreSQL's, and why: by the text of the step. */
export const differences: Readonly<Record<string, string>> = {
  "SELECT 'text'::text, 'v'::varchar, 'c'::varchar(5)": 'a cast gives the type, and not its length',
  'SELECT 1.5, 1.5::real, 1.5::float8, 1.50::numeric(10,2)': SCALE,
  'SELECT $1::date, $2::numeric, $3::bool (portal)': SCALE,
  "SELECT true, 1::smallint, 2::int, 3::bigint, 1.5::real, 2.5::float8, 12.50::numeric, 't'::text (portal)":
    SCALE,
  'SELECT count(*), sum(age), avg(age), min(name), max(born) FROM people':
    'avg of integers is computed in 8 bytes of floating point, not in numeric',
  'CREATE TABLE IF NOT EXISTS people (id int)': 'there is no notice that it was there',
  'CREATE TABLE copies AS SELECT 1 AS a, 2 AS b': 'SQLite does not tell how many rows were copied',
  'SELECT * FROM kinds ORDER BY s': 'REAL is of 8 bytes in SQLite, and is told so',
  'SELECT id FROM people WHERE name = $1 AND age > $2 (statement)':
    'a parameter has the type of the column that it is compared with; PostgreSQL compares varchar as text',
};
