import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

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

/** Compiles a C program unless that has been done since its source changed; throws with the compiler's words. */
export function compile(compiler: Compiler, source: string, program: string): void {
  const compiledAt = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (compiledAt > statSync(source).mtimeMs) return;
  mkdirSync(dirname(program), { recursive: true });
  const options = ['-std=c11', '-O2', '-Wall', '-Wextra', '-o', program, source];
  const answer = spawnSync(compiler.command, options, { encoding: 'utf8', timeout: 60_000 });
  if (answer.status !== 0) throw new Error(`${compiler.command} failed on ${source}:\n${answer.stderr}`);
}
