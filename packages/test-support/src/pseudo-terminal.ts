import { spawnSync } from 'node:child_process';

/** How to run a command on a terminal of its own (a pty), with the keys it is to get on stdin. */
function wrapper(columns: number): ((command: readonly string[]) => readonly string[]) | undefined {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const sized = (command: readonly string[]) =>
    `stty cols ${columns} rows 24; exec ${command.map(quote).join(' ')}`;
  const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (script.stdout?.includes('util-linux')) {
    return (command) => [
      'script',
      '--quiet',
      '--flush',
      '--return',
      '--command',
      sized(command),
      '/dev/null',
    ];
  }
  if (spawnSync('python3', ['-c', 'import pty']).status !== 0) return undefined;
  const spawn = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
  return (command) => ['python3', '-c', spawn, 'sh', '-c', sized(command)];
}

const via = wrapper(80);

/** How to run a command on a terminal; without the programs for one, why the test is skipped. */
export const onTerminal = {
  via,
  /** On one of 50 columns. */
  narrow: wrapper(50),
  skip: via === undefined ? 'there is neither script nor python3 to make a terminal with' : false,
} as const;
