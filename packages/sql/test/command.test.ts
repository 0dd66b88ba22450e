import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command, directory, run } from '@zocalo/test-support/command.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import pg from 'pg';

const anywhere = ['--port', '0', '--line-port', '0', '--log', 'off'];

async function places(command: Command): Promise<{ postgres: number; line: number }> {
  const [, postgres, line] = await command.printed(
    /sql \(postgres\): listening on 127\.0\.0\.1:(\d+)[\s\S]*sql \(line\): listening on 127\.0\.0\.1:(\d+)/,
  );
  return { postgres: Number(postgres), line: Number(line) };
}

async function query(port: number, text: string): Promise<unknown[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'ana', database: 'quakes' });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('without a file it serves some earthquakes, in both dialects, to be read only', async (t) => {
  const command = new Command(t, ['serve', 'sql', ...anywhere]);
  const { postgres, line } = await places(command);
  const [{ count } = { count: 0 }] = (await query(postgres, 'SELECT count(*)::int AS count FROM quakes')) as {
    count: number;
  }[];
  assert.ok(count > 10);
  const client = await TestClient.connect({ host: '127.0.0.1', port: line });
  t.after(() => client.reset());
  client.send('.mode csv\nselect count(*) as count from quakes;\n');
  assert.match(await client.readUntil(`${count}\n`), /count\n/);
  await assert.rejects(query(postgres, 'DELETE FROM quakes'), { code: '25006' });
  command.signal('SIGTERM');
  assert.equal(await command.exited(), 0);
});

test('a database is made with --create, and what is written is there the next time', async (t) => {
  const file = join(directory(t), 'new.db');
  const first = new Command(t, ['serve', 'sql', file, '--read-write', '--create', ...anywhere]);
  await query((await places(first)).postgres, 'CREATE TABLE a AS SELECT 7 AS b');
  first.signal('SIGTERM');
  assert.equal(await first.exited(), 0);
  // Everything is in the file itself.
  assert.equal(existsSync(`${file}-wal`), false);
  const second = new Command(t, ['serve', 'sql', '--file', file, ...anywhere]);
  assert.deepEqual(await query((await places(second)).postgres, 'SELECT b FROM a'), [{ b: 7 }]);
  second.signal('SIGTERM');
  assert.equal(await second.exited(), 0);
});

const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a file that is not there', ['nowhere.db'], /there is no database nowhere\.db/],
  ['a file that is no database', ['note.txt', '--read-write'], /file is not a database/],
  ['--create without --read-write', ['new.db', '--create'], /create needs read-write/],
  ['--read-write without a file', ['--read-write'], /need a file/],
  [
    'a password file that is not there',
    ['new.db', '--password-file', 'none'],
    /the password file cannot be read/,
  ],
];

for (const [what, flags, message] of mistakes) {
  test(`${what} is one clear error`, async (t) => {
    const cwd = directory(t, {
      'note.txt': 'this is not a database, but long enough to be looked at as one'.repeat(20),
    });
    const { status, stdout, stderr } = await run(t, ['serve', 'sql', ...flags, ...anywhere], { cwd });
    // On a busy machine the command says first that it is still starting.
    const errors = stderr.replace('zocalo: sql is still starting\n', '');
    assert.match(errors, message);
    assert.equal(errors.trim().split('\n').length, 1, stderr);
    assert.deepEqual([status, stdout], [status === 2 ? 2 : 1, '']);
  });
}
