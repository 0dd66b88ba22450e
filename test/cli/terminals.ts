import { spawnSync } from 'node:child_process';

/** How to run a command on a terminal of its own (a pty), with the keys it is to get on stdin. */
export function onTerminal(): ((command: readonly string[]) => readonly string[]) | undefined {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const sized = (command: readonly string[]) => `stty cols 80 rows 24; exec ${command.map(quote).join(' ')}`;
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
