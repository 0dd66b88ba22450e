import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { onTerminal } from './pseudo-terminal.ts';
import { Command, run } from './support.ts';

/** A directory with a file of CSV in it. */
function directoryWith(t: TestContext, csv: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'quakes.csv'), csv);
  return directory;
}

test('zocalo import makes a table, says what it has, and draws no bar where nobody looks', async (t) => {
  const cwd = directoryWith(t, 'id,place,mag\n1,Northridge,6.7\n2,Landers,7.3\n');
  const { status, stdout, stderr } = await run(t, ['import', 'quakes.csv', 'quakes.db'], { cwd });
  assert.equal(stderr, '');
  assert.match(
    stdout,
    /^quakes: 2 rows in \d+\.\d s\n {2}id {5}INTEGER\n {2}place {2}TEXT\n {2}mag {4}REAL\ntry: zocalo serve sql quakes\.db\n$/,
  );
  assert.equal(status, 0);
});

test('zocalo import names the file and the row that it cannot read, in one line, and leaves nothing', async (t) => {
  const cwd = directoryWith(t, 'id,place\n1,Northridge\n2,Los Angeles, California\n');
  const { status, stdout, stderr } = await run(t, ['import', 'quakes.csv', 'quakes.db'], { cwd });
  assert.equal(stderr, 'zocalo: quakes.csv: row 2 (line 3) has 3 fields, and the line of names has 2\n');
  assert.equal(stdout, '');
  assert.equal(status, 1);
  assert.deepEqual(readdirSync(cwd), ['quakes.csv']);
});

test('zocalo import needs two files', async (t) => {
  const { status, stderr } = await run(t, ['import', 'quakes.csv']);
  assert.equal(stderr, "zocalo: missing required argument 'file.db' (see zocalo import --help)\n");
  assert.equal(status, 2);
});

test('Ctrl-C in the middle of an import leaves nothing behind', async (t) => {
  const cwd = directoryWith(t, `id,place\n${'1,Northridge\n'.repeat(400_000)}`);
  const command = new Command(t, ['import', 'quakes.csv', 'quakes.db'], { cwd });
  await eventually('it writes', () => existsSync(join(cwd, 'quakes.db')));
  command.signal('SIGINT');
  assert.equal(await command.exited(), 130);
  assert.equal(command.stderr, 'zocalo: the import was broken off; nothing has changed\n');
  assert.deepEqual(readdirSync(cwd), ['quakes.csv']);
});

test('on a terminal a bar tells how far it is, and goes away', { skip: onTerminal.skip }, async (t) => {
  const cwd = directoryWith(t, `id,place\n${'1,Northridge\n'.repeat(100_000)}`);
  const command = new Command(t, ['import', 'quakes.csv', 'quakes.db'], {
    cwd,
    ...(onTerminal.via && { via: onTerminal.via }),
  });
  await command.printed(/\d+%, .* left/);
  await command.printed(/quakes: 100,000 rows in/);
  assert.equal(await command.exited(), 0);
});
