import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { types } from '../../src/dns/constants.ts';
import { dataText } from '../../src/dns/record-text.ts';
import { type HostsFile, readHostsFile } from '../../src/hosts/hosts-file.ts';
import { type FileEvent, WatchedFile } from '../../src/resolver/watched-file.ts';
import { ask } from '../support/messages.ts';

const one = '192.0.2.1 name\n';

/** A watched file, looked at often, and all that was reported. */
async function watch(path: string) {
  const events: FileEvent<HostsFile>[] = [];
  const hosts = await WatchedFile.open(path, readHostsFile, {
    intervalMs: 10,
    report: (event) => events.push(event),
  });
  const addresses = (name: string) =>
    hosts.content.table.lookup(ask(name, types.A), name)?.answers.map(dataText).join() ?? 'unknown';
  return {
    hosts,
    events,
    addresses,
    until: (expected: string) => eventually(`name is ${expected}`, () => addresses('name') === expected),
    [Symbol.dispose]: () => hosts.stop(),
  };
}

test('a file that is written is read again, and says so', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('hosts');
  writeFileSync(path, one);
  using watched = await watch(path);
  assert.equal(watched.addresses('name'), '192.0.2.1');
  appendFileSync(path, '192.0.2.2 name\nnonsense\n');
  await watched.until('192.0.2.1,192.0.2.2');
  let looks = 0;
  await eventually('nothing changes for a while', () => ++looks > 20);
  assert.deepEqual(
    watched.events.map(
      (event) => event.type === 'loaded' && [event.path, event.content.lines, event.content.warnings],
    ),
    [
      [path, 1, []],
      [path, 3, [{ line: 3, problem: '"nonsense" is not an IP address' }]],
    ],
  );
});

test('a file that is replaced by rename is read again, also when it is as long and as old as the one before', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('hosts');
  writeFileSync(path, one);
  using watched = await watch(path);
  writeFileSync(folder.file('new'), '192.0.2.3 name\n');
  renameSync(folder.file('new'), path);
  await watched.until('192.0.2.3');
});

test('a link that leads elsewhere is followed', async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('old'), one);
  writeFileSync(folder.file('new'), '192.0.2.4 name\n');
  symlinkSync(folder.file('old'), folder.file('hosts'));
  using watched = await watch(folder.file('hosts'));
  symlinkSync(folder.file('new'), folder.file('link'));
  renameSync(folder.file('link'), folder.file('hosts'));
  await watched.until('192.0.2.4');
});

test('the old table stays while the file is gone or cannot be read, which is said once, and the file is read when it is back', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('hosts');
  writeFileSync(path, one);
  using watched = await watch(path);
  const kept = () => watched.events.filter((event) => event.type === 'kept');
  unlinkSync(path);
  await eventually('it is said that the file is gone', () => kept().length === 1);
  mkdirSync(path);
  await eventually('it is said that it is no file', () => kept().length === 2);
  assert.equal(watched.addresses('name'), '192.0.2.1');
  assert.match(String(kept()[0]?.error), /ENOENT/);
  assert.match(String(kept()[1]?.error), /not a regular file/);
  rmSync(path, { recursive: true });
  writeFileSync(path, '192.0.2.5 name\n');
  await watched.until('192.0.2.5');
});

test('while a file is being written, the table is the whole old one or the whole new one', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('hosts');
  const text = (address: string) =>
    Array.from({ length: 20_000 }, (_, index) => `${address} name${index}\n`).join('');
  writeFileSync(path, text('192.0.2.1'));
  using watched = await watch(path);
  const seen = new Set<string>();
  const look = () => {
    seen.add(`${watched.addresses('name0')} ${watched.addresses('name19999')}`);
    return watched.addresses('name19999') === '192.0.2.6';
  };
  writeFileSync(folder.file('new'), text('192.0.2.6'));
  renameSync(folder.file('new'), path);
  await eventually('the new table is there', look);
  assert.deepEqual([...seen].sort(), ['192.0.2.1 192.0.2.1', '192.0.2.6 192.0.2.6']);
});

test('a file that cannot be read at the beginning is an error', async () => {
  using folder = new TemporaryFolder();
  await assert.rejects(WatchedFile.open(folder.file('nowhere'), readHostsFile), /ENOENT/);
  await assert.rejects(WatchedFile.open(folder.path, readHostsFile), /not a regular file/);
});

test('a file that cannot be read at the beginning, where something else may hold meanwhile, is read when it is there', async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('words');
  const events: FileEvent<string>[] = [];
  const watched = await WatchedFile.open(path, (file) => readFile(file, 'utf8'), {
    fallback: 'nothing',
    intervalMs: 10,
    report: (event) => events.push(event),
  });
  try {
    assert.deepEqual([watched.content, events.map(({ type }) => type)], ['nothing', ['kept']]);
    writeFileSync(path, 'something');
    await eventually('it is read', () => watched.content === 'something');
    assert.deepEqual(events.at(-1), { type: 'loaded', path, content: 'something' });
  } finally {
    watched.stop();
  }
});
