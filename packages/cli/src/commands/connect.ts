import {
  Failure,
  formatTarget,
  INTERRUPTED,
  OK,
  parseTarget,
  targetForms,
  UsageError,
} from '@zocalo/command';
import { connectTo } from '@zocalo/command/connect';
import { addFlag, givenFlags } from '@zocalo/command/settings';
import type { Command } from 'commander';
import type { Setting } from 'zocalo/service';

const timeoutSetting: Setting = {
  name: 'timeout',
  type: { kind: 'duration' },
  placeholder: 'duration',
  help: 'how long connecting may take: 500ms, 30s, 5m, none',
  default: '10s',
};

const epilogue = `
<where> is one of
  HOST:PORT        such as localhost:8080, 127.0.0.1:8080, [::1]:8080
  8080, :8080      a port of this machine
  ./echo.sock      a Unix socket: anything with a slash

On a terminal there is a prompt with line editing and history. What the server
sends appears above it as it comes, with control characters made visible. The
lines exit, quit and salir are sent and end the session, and so does Ctrl-D.

Otherwise it is a plain pipe: the bytes of stdin go to the server unchanged, its
answers to stdout. At the end of stdin the sending side is closed; it goes on
until the server closes.

Exit status: 0, or 1 when nothing listens or the connection breaks, or 2 when
<where> cannot be understood.

Examples:
  zocalo connect 127.0.0.1:8080
  zocalo connect /tmp/echo.sock
  printf 'one\\ntwo\\n' | zocalo connect 8081
  zocalo connect '[::1]:8080' < photo.jpg > copy.jpg`;

/** `zocalo connect`. */
export function define(command: Command): void {
  command.description('Connect to a server and talk to it.').argument('<where>', 'where the server listens');
  addFlag(command, timeoutSetting, 'Options:');
  command.addHelpText('after', epilogue).action(async (where: string) => {
    const { timeout } = givenFlags(command);
    process.exitCode = await run(where, timeout as number | undefined);
  });
}

async function run(where: string, timeoutMs: number | undefined): Promise<number> {
  const target = parseTarget(where);
  if (target === undefined)
    throw new UsageError(`"${where}" is not a place to connect to; give ${targetForms}`);
  const socket = await connectTo(target, timeoutMs);
  const place = formatTarget(target);
  const report = (message: string) => process.stderr.write(`zocalo: ${message}\n`);

  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  const end = terminal ? await talk() : await pipe();
  if (typeof end === 'object') throw new Failure(`the connection to ${place} broke: ${end.broken}`);
  if (end === 'server') report(`${place} closed the connection`);
  return end === 'interrupted' ? INTERRUPTED : OK;

  async function talk() {
    const { terminalSession } = await import('../client/terminal.ts');
    return terminalSession(socket, `connected to ${place}; exit, quit, salir or Ctrl-D ends`);
  }
  async function pipe() {
    const { pipeSession } = await import('../client/pipe.ts');
    return pipeSession(socket, process.stdin, process.stdout);
  }
}
