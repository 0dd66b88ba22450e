/** Where the answer is not PostgreSQL's, and why: by the text of the step. */
export const differences: Readonly<Record<string, string>> = {};
