import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { publint } from 'publint';
import {
  installed,
  packAll,
  projectWith,
  published,
  readManifest,
  remove,
  root,
  run,
  startCommand,
  temporaryFolder,
} from './packed.ts';
import { program, typedProgram } from './programs.ts';

let folder = '';
let tarballs: ReadonlyMap<string, string> = new Map();

before(async () => {
  folder = temporaryFolder();
  tarballs = await packAll(folder);
  for (const [name, tarball] of tarballs) {
    mkdirSync(unpacked(name), { recursive: true });
    await run(unpacked(name), 'tar', '-xzf', tarball, '--strip-components', '1');
  }
});
after(() => remove(folder));

const unpacked = (name: string) => join(folder, name);
const folderOf = (name: string) => join(root, 'packages', name.replace('@zocalo/', ''));

for (const { name } of published) {
  suite(`the tarball of ${name}`, () => {
    test('has nothing that publint complains of', async () => {
      const tarball = readFileSync(tarballs.get(name) ?? '');
      const { messages } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer } });
      assert.deepEqual(messages, []);
    });

    test('needs nothing that its manifest does not name', () => {
      const manifest = readManifest(unpacked(name));
      const named = Object.keys({
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...manifest.peerDependencies,
      });
      const needed = new Set(filesOf(unpacked(name), /\.(js|d\.ts)$/).flatMap(packagesIn));
      assert.deepEqual(
        [...needed].filter((each) => each !== name && !named.includes(each)),
        [],
      );
      assert.deepEqual(
        named.filter((each) => !needed.has(each) && each !== '@types/node'),
        [],
      );
    });

    test('holds its README, its licence and what was built, but no sources or tests', () => {
      const there = readdirSync(unpacked(name));
      for (const each of ['LICENSE', 'README.md', 'dist'])
        assert.ok(there.includes(each), `${each} is missing`);
      assert.deepEqual(
        there.filter((each) => ['src', 'test', 'tsconfig.json'].includes(each)),
        [],
      );
      assert.deepEqual(filesOf(unpacked(name), /(\.tsbuildinfo|[^d]\.ts)$/), []);
    });

    test('has no link in its README that leads nowhere', () => {
      const readme = readFileSync(join(unpacked(name), 'README.md'), 'utf8');
      for (const [, target = ''] of readme.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
        if (/^https?:/.test(target)) continue;
        const found = [unpacked(name), folderOf(name)].some((from) => existsSync(join(from, target)));
        assert.ok(found, `${target} is neither packed nor in the repository`);
      }
    });

    test('has types that are right for ES modules and for bundlers', async () => {
      const attw = join(root, 'node_modules/.bin/attw');
      await run(folder, attw, tarballs.get(name) ?? '', '--profile', 'esm-only', '--format', 'ascii');
    });
  });
}

for (const name of ['zocalo', '@zocalo/cli']) {
  test(`the README of ${name} says which Node it needs`, () => {
    const readme = readFileSync(join(unpacked(name), 'README.md'), 'utf8');
    const [, least] = /^>=(\d+)$/.exec(readManifest(unpacked(name)).engines?.node ?? '') ?? [];
    assert.match(readme, new RegExp(`needs\\s+Node\\s+${least}\\s+or\\s+newer`));
  });
}

suite('zocalo alone in an empty project', () => {
  let project = '';
  before(async () => {
    project = await projectWith(tarballs, 'zocalo');
  });
  after(() => remove(project));

  test('is at most three packages and 6 MB', () => {
    const packages = installed(project);
    assert.ok(packages.length <= 3, packages.join(', '));
    assert.ok(packages.includes('node_modules/koffi'), packages.join(', '));
    assert.ok(sizeOf(join(project, 'node_modules')) < 6_000_000);
  });

  test('serves a protocol', async () => {
    assert.equal(await run(project, 'node', '--input-type=module', '-e', program('import')), 'HOLA\n');
  });

  test('serves a protocol of a CommonJS module', async () => {
    assert.equal(await run(project, 'node', '--input-type=commonjs', '-e', program('require')), 'HOLA\n');
  });

  test('tests a protocol in memory, and describes a service', async () => {
    const modules = `
      import { converse } from 'zocalo/testing';
      import { checkSettings } from 'zocalo/service';
      console.log(typeof converse, typeof checkSettings);
    `;
    assert.equal(await run(project, 'node', '--input-type=module', '-e', modules), 'function function\n');
  });
});

test('zocalo without koffi serves with the model libuv', async (t) => {
  const project = await projectWith(tarballs, 'zocalo', '--omit=optional');
  t.after(() => remove(project));
  assert.deepEqual(installed(project), ['node_modules/zocalo']);
  const shown = program('import').replace(
    'await server.drain',
    'console.log(server.model); await server.drain',
  );
  assert.equal(await run(project, 'node', '--input-type=module', '-e', shown), 'HOLA\nlibuv\n');
});

suite('the command alone in an empty project', () => {
  let project = '';
  before(async () => {
    const types = readManifest(join(root, 'node_modules/@types/node')).version;
    project = await projectWith(tarballs, '@zocalo/cli', `@types/node@${types}`);
  });
  after(() => remove(project));

  test('tells its version, and helps', async () => {
    const { version } = readManifest(join(root, 'packages/cli'));
    assert.equal(await run(project, 'npx', 'zocalo', '--version'), `${version}\n`);
    assert.match(await run(project, 'npx', 'zocalo', '--help'), /zocalo serve/);
  });

  for (const [service, listening, request, answer] of [
    ['echo', /listening on 127\.0\.0\.1:(\d+)/, 'hola\n', /^hola\n$/],
    ['reverse', /listening on 127\.0\.0\.1:(\d+)/, 'hola\n', /^aloh\n$/],
    ['files', /listening on 127\.0\.0\.1:(\d+)/, 'get_metadata welcome.txt\r\nquit\r\n', /^0 /],
    ['sql', /\(line\): listening on 127\.0\.0\.1:(\d+)/, 'select count(*) > 0 from quakes;\n', /1/],
    ['names', /\(line\): listening on 127\.0\.0\.1:(\d+)/, 'A localhost\nQUIT\n', /^OK localhost A 60 127/m],
  ] as const) {
    test(`serves ${service}`, async (t) => {
      const ports = listening.source.startsWith('listening')
        ? ['--port', '0']
        : ['--port', '0', '--line-port', '0'];
      const port = await startCommand(t, project, listening, 'serve', service, ...ports);
      assert.match(await answerOf(port, request), answer);
    });
  }

  test('lists and fetches the samples that it serves', async (t) => {
    const port = await startCommand(t, project, /127\.0\.0\.1:(\d+)/, 'serve', 'files', '--port', '0');
    const files = (...args: string[]) => run(project, 'npx', 'zocalo', 'files', `:${port}`, ...args);
    assert.match(await files('ls'), /^welcome\.txt$/m);
    assert.match(await files('get', 'welcome.txt', '-o', '-'), /^Welcome/);
  });

  test('brings every service as a module', async () => {
    const modules = `
      import names from '@zocalo/names';
      import { RingNode } from '@zocalo/ring';
      import echo from '@zocalo/services/echo';
      import files from '@zocalo/services/files';
      import reverse from '@zocalo/services/reverse';
      import sql from '@zocalo/sql';
      console.log([names, RingNode, echo, files, reverse, sql].map((each) => typeof each).join(' '));
    `;
    const types = await run(project, 'node', '--input-type=module', '-e', modules);
    assert.match(types, /^(function|object)( (function|object)){5}\n$/);
  });

  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ]) {
    test(`compiles with the module resolution ${moduleResolution}, declarations included`, async () => {
      const compilerOptions = {
        target: 'es2024',
        module,
        moduleResolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: false,
      };
      writeFileSync(join(project, 'main.ts'), typedProgram);
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      const { stdout } = await run(project, 'node', tsc, '-p', project).then(
        (stdout) => ({ stdout }),
        (failure) => failure,
      );
      assert.equal(stdout, '');
    });
  }
});

/** What is sent back to a client that sends a text and half-closes. */
async function answerOf(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(request);
  return text(socket);
}

/** The files in a folder whose paths match, as absolute paths. */
function filesOf(directory: string, pattern: RegExp): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => pattern.test(path))
    .map((path) => join(directory, path));
}

/** The packages that a built file imports, or names in its declarations. */
function packagesIn(path: string): string[] {
  const specifiers = readFileSync(path, 'utf8').matchAll(
    /(?:\bfrom |\bimport[ (]|\brequire\()'([^'./\s][^'\s]*)'/g,
  );
  return [...specifiers]
    .map(([, specifier = '']) => specifier)
    .filter((specifier) => !isBuiltin(specifier))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(directory, name)))
    .reduce((sum, { size }) => sum + size, 0);
}
