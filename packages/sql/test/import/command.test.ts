import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, directory, run } from '@zocalo/test-support/command.ts';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { onTerminal } from '@zocalo/test-support/pseudo-terminal.ts';

/** A directory with a file of CSV in it. */
const directoryWith = (t: TestContext, csv: string) => directory(t, { 'quakes.csv': csv });

test('zocalo import makes a table, says what it has, and draws no bar where there is no terminal', async (t) => {
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

test('on a terminal a bar shows the progress, and goes away', { skip: onTerminal.skip }, async (t) => {
  const cwd = directoryWith(t, `id,place\n${'1,Northridge\n'.repeat(100_000)}`);
  const command = new Command(t, ['import', 'quakes.csv', 'quakes.db'], {
    cwd,
    ...(onTerminal.via && { via: onTerminal.via }),
  });
  await command.printed(/\d+%, .* left/);
  await command.printed(/quakes: 100,000 rows in/);
  assert.equal(await command.exited(), 0);
});

test('a file that is called .gz and is none is one line, and exit status 1', async (t) => {
  const where = directory(t, { 'quakes.csv.gz': 'place,magnitude\n' });
  const { status, stderr } = await run(t, ['import', 'quakes.csv.gz', 'quakes.db'], { cwd: where });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^zocalo: quakes\.csv\.gz: it cannot be unpacked, so it is not gzip, or not whole: .*\n$/,
  );
});
