import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

export const root = join(import.meta.dirname, '../..');

export type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
};

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The packages that are published. */
export const published: readonly Manifest[] = readdirSync(join(root, 'packages'))
  .map((name) => readManifest(join(root, 'packages', name)))
  .filter((manifest) => manifest.private !== true);

/** An environment in which the sources of the clone are not found, and the Node that runs this test is the first in the path. */
const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, npm_config_node_options: ___, ...outer } = process.env;
export const env = { ...outer, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };

const execute = promisify(execFile);

/** Runs a program to its end in a folder. Rejects with what it printed when its exit status is not 0. */
export async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(command, args, { cwd, env, maxBuffer: 64 * 1_048_576 });
  return stdout;
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'zocalo-package-'));
}

/** Builds and packs all that is published: the tarballs, by the names of their packages. */
export async function packAll(destination: string): Promise<ReadonlyMap<string, string>> {
  const workspaces = published.flatMap(({ name }) => ['--workspace', name]);
  await run(root, 'npm', 'pack', '--silent', '--pack-destination', destination, ...workspaces);
  return new Map(
    published.map(({ name, version }) => [
      name,
      join(destination, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`),
    ]),
  );
}

/** A project in which one package is installed, as if the tarballs were in the registry. */
export async function projectWith(
  tarballs: ReadonlyMap<string, string>,
  name: string,
  ...args: string[]
): Promise<string> {
  const project = temporaryFolder();
  const overrides = Object.fromEntries(
    [...tarballs].filter(([each]) => each !== name).map(([each, path]) => [each, `file:${path}`]),
  );
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module', overrides }));
  const tarball = tarballs.get(name) ?? '';
  await run(project, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', tarball, ...args);
  return project;
}

/** The folders of all packages that are installed in a project, relative to it. */
export function installed(project: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>;
  };
  const there = new Set(readdirSync(project, { recursive: true, encoding: 'utf8' }));
  return Object.keys(packages).filter((path) => path !== '' && there.has(path));
}

/** Starts the installed command, and resolves with the port in what it prints: the first group of a pattern. It ends with the test. */
export async function startCommand(
  test: TestContext,
  project: string,
  portIn: RegExp,
  ...args: string[]
): Promise<number> {
  const bin = join(project, 'node_modules/.bin/zocalo');
  const server = spawn(bin, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'ignore'] });
  test.after(async () => {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
  });
  let printed = '';
  for await (const text of server.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    printed += text;
    const [, port] = portIn.exec(printed) ?? [];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`zocalo ${args.join(' ')} ended: ${printed}`);
}

export function remove(...folders: string[]): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
