import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where programs are compiled to. */
export const buildFolder = join(import.meta.dirname, '..', 'build');

/** The Rust libraries that Debian packages (`librust-tokio-dev`), for machines that reach no registry of crates. */
const DEBIAN_CRATES = '/usr/share/cargo/registry';

export type Compiler = { command: string; version: string };

/** The C compiler of this machine, or undefined when there is none. */
export function findCompiler(): Compiler | undefined {
  for (const command of ['cc', 'gcc', 'clang']) {
    const answer = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    const version = answer.status === 0 ? answer.stdout.split('\n')[0] : undefined;
    if (version) return { command, version };
  }
  return undefined;
}

/** Compiles a C program. @returns why that cannot be done */
export function compileC(source: string, program: string): string | undefined {
  const compiler = findCompiler();
  if (compiler === undefined) return 'no C compiler is installed';
  return build(source, program, [
    compiler.command,
    ...['-std=c11', '-O2', '-Wall', '-Wextra', '-o', program, source],
  ]);
}

/** Compiles a program of one file in Go. @returns why that cannot be done */
export function compileGo(source: string, program: string): string | undefined {
  return build(source, program, ['go', 'build', '-o', program, source]);
}

/** Compiles a crate in Rust; its program has the crate's name. @returns why that cannot be done */
export function compileRust(crate: string, program: string): string | undefined {
  const debian = existsSync(DEBIAN_CRATES)
    ? [
        '--offline',
        ...['--config', 'source.crates-io.replace-with="debian"'],
        ...['--config', `source.debian.directory="${DEBIAN_CRATES}"`],
      ]
    : [];
  return build(join(crate, 'src', 'main.rs'), program, [
    ...['cargo', 'build', '--release', '--quiet', '--manifest-path', join(crate, 'Cargo.toml')],
    ...['--target-dir', join(dirname(program), '..'), ...debian],
  ]);
}

/** Whether a command can be run. @returns why it cannot */
export function runs(command: string, ...args: string[]): string | undefined {
  const { status, error } = spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 });
  return error === undefined && status === 0 ? undefined : `${[command, ...args].join(' ')} fails`;
}

/** Runs a compiler unless the program is younger than its source. A program that does not compile is an error of ours. */
function build(source: string, program: string, [command = '', ...args]: string[]): string | undefined {
  const compiledAt = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (compiledAt > statSync(source).mtimeMs) return undefined;
  mkdirSync(dirname(program), { recursive: true });
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 600_000 });
  if (error !== undefined) return `${command} is not installed`;
  return status === 0 ? undefined : `${command} failed on ${source}: ${stderr.trim()}`;
}
