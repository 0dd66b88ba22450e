/**
 * The other side of the file benchmark. The task comes as the first argument, the result goes to stdout, both as JSON.
 * Times are in seconds; processor time is that of the server, read at both ends.
 */

import { connect } from 'node:net';

import { setTimeout as sleep } from 'node:timers/promises';
import { close, encodeIpAddress, receive, send, setBlocking, startConnect } from 'zocalo/sys';
import { cpuUsage } from '../../src/load/process-usage.ts';

export type ClientTask =
  /** One request, and at least so many bytes for an answer; a smaller one before it, which is not measured. */
  | { kind: 'whole'; port: number; pid: number; request: Exchange; warmUp: Exchange }
  /** Slices of `size` bytes of a file, each client asking for the next when it has one. */
  | {
      kind: 'slices';
      port: number;
      pid: number;
      clients: number;
      size: number;
      name: string;
      fileSize: number;
      seconds: number;
    };

export type Exchange = { text: string; bytes: number };

export type ClientResult = { seconds: number; cpuSeconds: number; count: number };

/** Before the window of the slices. */
const SETTLE_MS = 1_000;
const into = Buffer.allocUnsafeSlow(1_048_576);
const task = JSON.parse(process.argv[2] as string) as ClientTask;
const result = task.kind === 'whole' ? whole(task) : await slices(task);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);

/** Blocks in receive: nothing about this client costs more than it must. */
function whole({ port, pid, request, warmUp }: Extract<ClientTask, { kind: 'whole' }>): ClientResult {
  ask(port, warmUp);
  const before = cpuUsage(pid).totalSeconds;
  const beganMs = performance.now();
  const count = ask(port, request);
  return {
    seconds: (performance.now() - beganMs) / 1e3,
    cpuSeconds: cpuUsage(pid).totalSeconds - before,
    count,
  };
}

/** @returns how many bytes have come */
function ask(port: number, { text, bytes }: Exchange): number {
  const socket = startConnect(encodeIpAddress('127.0.0.1', port));
  setBlocking(socket);
  send(socket, Buffer.from(text), text.length);
  let received = 0;
  while (received < bytes) {
    const count = receive(socket, into, into.length);
    if (count <= 0) throw new Error(`the server ended after ${received} of ${bytes} bytes`);
    received += count;
  }
  close(socket);
  return received;
}

async function slices(task: Extract<ClientTask, { kind: 'slices' }>): Promise<ClientResult> {
  const { port, pid, clients, size, name, fileSize, seconds } = task;
  const header = `0 OK\r\nContent-Length: ${size}\r\n\r\n`.length;
  let count = 0;
  for (let i = 0; i < clients; i++) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let missing = 0;
    const ask = () => {
      missing = header + size;
      const offset = Math.floor(Math.random() * (fileSize - size));
      socket.write(`get_slice ${name} ${offset} ${size} raw\r\n`);
    };
    socket.once('connect', ask);
    socket.on('data', (bytes) => {
      missing -= bytes.length;
      if (missing > 0) return;
      if (missing < 0) throw new Error('more came than was asked for');
      count++;
      ask();
    });
  }
  await sleep(SETTLE_MS);
  const [before, countBefore, beganMs] = [cpuUsage(pid).totalSeconds, count, performance.now()];
  await sleep(seconds * 1e3);
  const lastedSeconds = (performance.now() - beganMs) / 1e3;
  return {
    seconds: lastedSeconds,
    cpuSeconds: cpuUsage(pid).totalSeconds - before,
    count: count - countBefore,
  };
}
