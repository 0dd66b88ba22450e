/** What the index of a key that was added later has in its text, by which the catalog knows it. */
export const keyMarks = { primaryKey: '/* PRIMARY KEY */', unique: '/* UNIQUE */' } as const;
