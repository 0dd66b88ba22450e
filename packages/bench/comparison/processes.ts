import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningServer, startProcess, stopProcess } from '../src/runner/processes.ts';

const START_TIMEOUT_MS = 30_000;
const RETRY_INTERVAL_MS = 20;

/** A signal ends this process by way of its `exit` event, which ends those that it has started. */
export function exitOnSignals(): void {
  const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const [signal, status] of Object.entries(statuses)) process.once(signal, () => process.exit(status));
}

/** Ports that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Starts a program that is given its port and announces nothing, and waits until it accepts connections. */
export async function startOnPort(command: readonly string[], port: number): Promise<RunningServer> {
  // In our session, as the client is: where the kernel divides a core among sessions (autogroup, sched(7)), another load
  // on the machine would slow the one and not the other.
  const { child, output, errors } = startProcess(command, false);
  output.resume();
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (child.pid === undefined || child.exitCode !== null || performance.now() > deadline) {
      await stopProcess(child);
      throw new Error(`${command.join(' ')} does not start: ${errors()}`);
    }
    await sleep(RETRY_INTERVAL_MS);
  }
  return { port, pid: child.pid as number, stop: () => stopProcess(child) };
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
