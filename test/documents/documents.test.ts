import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import * as zocalo from 'zocalo';
import { closeReasons, type Protocol, refusalCauses } from 'zocalo';
import { resolveOptions } from 'zocalo/internal';
import { converse } from 'zocalo/testing';
import { services } from '../../packages/cli/src/plugins/built-in.ts';
import { blockWith, project, read } from './documents.ts';

const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/architecture.md',
  'docs/names.md',
  'docs/protocols.md',
  'docs/files.md',
];

for (const document of documents) {
  test(`every link of ${document} leads somewhere`, () => {
    const text = read(document);
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document : join(dirname(document), path);
      assert.ok(existsSync(join(import.meta.dirname, '../..', file)), `${target} leads nowhere`);
      if (anchor !== undefined) assert.ok(anchors(read(file)).includes(anchor), `${target} leads nowhere`);
    }
  });
}

/** The names under which GitHub can be asked for the headings of a document. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('docs/protocols.md names every option, closing reason, cause of refusal, and class of errors', () => {
  const text = read('docs/protocols.md');
  const { limits, rules: _allowAndDeny, ...options } = resolveOptions({});
  const errors = Object.keys(zocalo).filter((name) => name.endsWith('Error') && name !== 'ZocaloError');
  for (const name of [
    ...Object.keys(options),
    'allow',
    'deny',
    ...Object.keys(limits),
    ...closeReasons,
    ...refusalCauses,
    ...errors,
  ]) {
    assert.ok(text.includes(`\`${name}\``), `${name} is missing`);
  }
});

test('the README names every service with its port, and every model', () => {
  const text = read('README.md');
  for (const { name, port } of services) assert.match(text, new RegExp(`^\\| ${name} +\\| ${port} `, 'm'));
  for (const model of zocalo.models) assert.match(text, new RegExp(`^\\| \`${model}\` .*\\| yes`, 'm'));
});

test('the protocols of docs/protocols.md answer', async (t) => {
  const where = project(t, {
    'sum.ts': blockWith('docs/protocols.md', "name: 'sum'"),
    'answers.ts': blockWith('docs/protocols.md', "name: 'answers'"),
    'login.ts': blockWith('docs/protocols.md', "name: 'login'"),
  });
  const load = async (name: string) =>
    ((await import(pathToFileURL(join(where, name)).href)) as { default: Protocol<string> }).default;
  const adding = converse(await load('sum.ts'));
  adding.send('1 2 3\none\n');
  assert.equal(await adding.receive(), '6\nerror: numbers, please\n');
  const counting = converse(await load('answers.ts'));
  counting.send('3\nlicence\n');
  assert.equal(await counting.receive(), `1\n2\n3\n${read('LICENSE')}`);
  const login = await load('login.ts');
  const [slow, named] = [converse(login), converse(login)];
  named.send('Ana\n');
  assert.equal(await named.receive(), 'your name, please\nwelcome, Ana\n');
  await slow.advance(5_000);
  await named.advance(1_000_000);
  assert.deepEqual([slow.closed, named.closed], ['idle', undefined]);
});

test('the group of docs/protocols.md comes to its members, in memory as it says there', async (t) => {
  const where = project(t, {
    'rooms.ts': blockWith('docs/protocols.md', "name: 'rooms'"),
    'main.ts': blockWith('docs/protocols.md', 'converse(rooms)'),
  });
  const { stdout } = await promisify(execFile)(process.execPath, ['main.ts'], { cwd: where });
  assert.equal(stdout, '1: hello\n\n');
});

test('the service of docs/protocols.md speaks both of its dialects', async (t) => {
  const where = project(t, { 'counter.ts': blockWith('docs/protocols.md', 'dialects:') });
  await using server = await zocalo.serve(pathToFileURL(join(where, 'counter.ts')));
  const { polite, terse } = server.addresses;
  assert.ok(polite !== undefined && terse !== undefined);
  using one = await TestClient.connect(polite);
  assert.equal(await one.ask('hello'), 'You are number 1, thank you.');
  using other = await TestClient.connect(terse);
  assert.equal(await other.ask('hello'), '2');
});

test('the tests of docs/protocols.md pass', async (t) => {
  const cwd = project(t, { 'numbers.test.ts': blockWith('docs/protocols.md', 'converse(numbers)') });
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--test', '--test-reporter=tap', 'numbers.test.ts'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env });
  assert.match(stdout, /^# pass 3$/m);
});
