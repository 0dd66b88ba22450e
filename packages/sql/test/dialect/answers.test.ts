import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SqlError } from '../../src/sql-error.ts';
import { Translated } from './translated.ts';

/** What PostgreSQL 15 answered; without an answer where it is known to be another one here. */
type Asked = {
  readonly sql: string;
  readonly answer?: {
    readonly names?: readonly string[];
    readonly types?: readonly string[];
    readonly rows?: readonly unknown[];
    readonly error?: string;
    readonly message?: string;
    readonly position?: number;
  };
};
const answers = JSON.parse(readFileSync(new URL('postgresql-answers.json', import.meta.url), 'utf8')) as {
  readonly setup: readonly string[];
  readonly queries: readonly Asked[];
  readonly failures: readonly Asked[];
};

function answerOf(database: Translated, sql: string): Asked['answer'] {
  try {
    return database.run(sql);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { sqlstate, message, details } = error;
    const place = details.position === undefined ? {} : { position: details.position };
    return { error: sqlstate, message, ...place };
  }
}

for (const kind of ['queries', 'failures'] as const) {
  test(`${kind} are answered as PostgreSQL 15 answered them: names, types, rows, SQLSTATEs, positions`, async (t) => {
    const database = new Translated();
    database.run(answers.setup.join('\n'));
    for (const { sql, answer } of answers[kind]) {
      const given = answerOf(database, sql);
      if (answer === undefined) continue;
      await t.test(sql, () => assert.deepEqual(given, answer));
    }
  });
}
