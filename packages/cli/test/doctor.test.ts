import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directory, run, type StartOptions } from '@zocalo/test-support/command.ts';
import { descriptorLimit } from '@zocalo/test-support/proc.ts';

const linux = process.platform === 'linux';
const skip = linux ? false : 'this is of Linux';
/** The shell that has a flag for every limit. */
const bash = linux && !existsSync('/bin/bash') ? 'there is no bash here' : skip;

type Row = { verdict: string; found: string; wanted?: number; room?: number };
type Json = {
  ok: boolean;
  demand: { maxClients: number };
  default: { model: string; why: string; failure?: string };
  checks: (Row & { name: string; advice?: { words: string; commands: string[] } })[];
  models: (Row & { model: string })[];
  facts: { node: string; cgroup: { memory: number | string } };
};

async function examined(
  t: TestContext,
  flags: readonly string[] = [],
  options?: StartOptions,
): Promise<Json> {
  const { stdout, stderr } = await run(t, ['doctor', '--json', ...flags], options);
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Json;
}

/** Runs the command in a shell that has changed its limits first. */
const after = (limit: string): StartOptions => ({
  via: (command) => ['bash', '-c', `${limit} && exec "$@"`, 'bash', ...command],
});

/** Makes an import fail, as where koffi has no binary for the platform. */
const without = (name: string): StartOptions => ({
  node: [
    '--import',
    `data:text/javascript,${encodeURIComponent(
      `import { registerHooks } from 'node:module';
       registerHooks({ resolve(specifier, context, next) {
         if (specifier === ${JSON.stringify(name)}) throw new Error('no binary for this platform');
         return next(specifier, context);
       } });`,
    )}`,
  ],
});

test('zocalo doctor says what it does, with examples, in lines that fit a terminal', async (t) => {
  const { status, stdout, stderr } = await run(t, ['doctor', '--help']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^Usage: zocalo doctor \[flags\]/);
  assert.match(stdout, /\nExamples:\n {2}\S/);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
});

test('the report has a verdict for every check and model, names the default, and is without colours', async (t) => {
  const { status, stdout, stderr } = await run(t, ['doctor']);
  assert.deepEqual([status, stderr], [0, '']);
  const { checks, models } = await examined(t);
  for (const { verdict, name } of checks)
    assert.match(stdout, new RegExp(`^${verdict} +${name} {2,}\\S`, 'm'));
  for (const { verdict, model } of models)
    assert.match(stdout, new RegExp(`^${verdict} +${model} {2,}\\S`, 'm'));
  assert.match(stdout, linux ? /The default model is epoll: / : /The default model is libuv: /);
  assert.match(stdout, /^It has just served a client\.$/m);
  assert.ok(!stdout.includes('\x1b'));
});

test('verdicts are coloured where colours are wanted', async (t) => {
  const env = { NO_COLOR: undefined, FORCE_COLOR: '1' };
  const { stdout } = await run(t, ['doctor'], { env });
  assert.match(stdout, /ok\S+ +Node /);
  assert.ok(stdout.includes('\x1b[32mok\x1b[39m'));
});

test('the JSON has everything', async (t) => {
  const { ok, demand, default: chosen, checks, models, facts } = await examined(t);
  assert.equal(ok, true);
  assert.equal(demand.maxClients, 10_000);
  assert.equal(chosen.model, linux ? 'epoll' : 'libuv');
  assert.equal(chosen.failure, undefined);
  assert.equal(facts.node, process.versions.node);
  assert.notEqual(facts.cgroup.memory, null, 'no limit is a word and not null');
  assert.ok(checks.length >= 6);
  for (const model of ['iterative', 'thread-per-client', 'process-pool', 'select', 'uring', 'libuv']) {
    assert.ok(
      models.some((each) => each.model === model),
      model,
    );
  }
  assert.notEqual(models.find(({ model }) => model === chosen.model)?.verdict, 'no');
});

test('a low limit on descriptors is noticed, counted and advised against', { skip: bash }, async (t) => {
  const { status, stdout } = await run(t, ['doctor'], after('ulimit -n 256'));
  assert.equal(status, 0, 'it can serve, if not many');
  assert.match(stdout, /^low +open files +256: room for 192 clients$/m);
  assert.match(stdout, /^low +epoll +room for 192 clients of 10,000: not enough open files$/m);
  assert.match(stdout, /^open files: There is room for 192 clients, where 10,000 may be in/m);
  assert.match(stdout, /^ {4}ulimit -n 65536$/m);
});

test('--max-clients says how many clients there shall be room for', { skip }, async (t) => {
  const verdict = async (clients: number) => {
    const { checks } = await examined(t, ['--max-clients', `${clients}`]);
    return checks.find(({ name }) => name === 'open files')?.verdict;
  };
  assert.equal(await verdict(1), 'ok');
  if (descriptorLimit() < Number.POSITIVE_INFINITY) assert.equal(await verdict(descriptorLimit()), 'low');
});

test('few pending signals are a matter of sigio', { skip: bash }, async (t) => {
  const { checks } = await examined(t, [], after('ulimit -i 100'));
  const { verdict, found, advice } = checks.find(({ name }) => name === 'pending signals') ?? {};
  assert.deepEqual([verdict, found, advice?.commands], ['low', '100', ['ulimit -i 65536']]);
});

test('without koffi the default is libuv, and that serves', { skip }, async (t) => {
  const { ok, default: chosen, checks, models } = await examined(t, [], without('koffi'));
  assert.deepEqual([ok, chosen.model], [true, 'libuv']);
  assert.match(chosen.why, /koffi/);
  const { verdict, found } = checks.find(({ name }) => name === 'system calls') ?? {};
  assert.deepEqual([verdict, found], ['missing', 'koffi does not load: no binary for this platform']);
  assert.equal(models.find(({ model }) => model === 'libuv')?.verdict, 'ok');
  assert.deepEqual(
    models.filter(({ model, verdict }) => model !== 'libuv' && verdict !== 'no'),
    [],
  );
});

/** Modules that are preloaded and take away what every server needs, and what comes of it. */
const troubles = {
  'there is no network': `net.Socket.prototype.connect = () => { throw new Error('there is no network'); };`,
  'it answered "adios\\n"': `const { write } = net.Socket.prototype;
    net.Socket.prototype.write = function (text, ...rest) {
      return write.call(this, text === 'hola\\n' ? 'adios\\n' : text, ...rest);
    };`,
};

for (const [reason, trouble] of Object.entries(troubles)) {
  test(`when the default model cannot serve (${reason}), the status is 1 and the reason is reported`, async (t) => {
    const where = directory(t, { 'trouble.mjs': `import net from 'node:net';\n${trouble}` });
    const troubled: StartOptions = { node: ['--import', join(where, 'trouble.mjs')] };
    const { status, stdout, stderr } = await run(t, ['doctor'], troubled);
    assert.deepEqual([status, stderr], [1, '']);
    assert.ok(stdout.includes(`\nIt cannot serve: ${reason}\n`), stdout);
    const { ok, default: chosen } = await examined(t, [], troubled);
    assert.deepEqual([ok, chosen.failure], [false, reason]);
  });
}

test('zocalo doctor takes no arguments, and only its flags', async (t) => {
  for (const [line, complaint] of [
    [
      'doctor now',
      "too many arguments for 'doctor'. Expected 0 arguments but got 1: now (see zocalo doctor --help)",
    ],
    ['doctor --fix', "unknown option '--fix' (see zocalo doctor --help)"],
    ['doctor --max-clients 0', '--max-clients must be a whole number of 1 or more, not "0"'],
  ] as const) {
    const outcome = await run(t, line.split(' '));
    assert.deepEqual(outcome, { status: 2, stdout: '', stderr: `zocalo: ${complaint}\n` });
  }
});
