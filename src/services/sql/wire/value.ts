/**
 * A value as SQLite holds it: NULL, INTEGER (`bigint`, or `number` where it is exact), REAL, TEXT, BLOB. Types that
 * SQLite lacks are kept by convention: booleans as 0 and 1, dates and times as ISO 8601 text, UUID and JSON as text,
 * NUMERIC as a number or as text, bytea as BLOB.
 */
export type Value = null | bigint | number | string | Uint8Array;
