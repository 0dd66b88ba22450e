import { join } from 'node:path';
import type { Model } from '../src/index.ts';
import { echoServer } from '../src/measure/subject.ts';

/** A server under test: a program that listens on 127.0.0.1 and prints `listening PORT` as its first line. */
export type Server = {
  /** What `--servers` calls it. */
  name: string;
  /** What the table calls it. */
  label: string;
  /** The program and its arguments; the port is always one that the system chooses. */
  command: readonly string[];
  /** When the program must be compiled first: where from (where to is the program itself). */
  source?: string;
  /** The most clients it can hold at once, where its mechanism has such a limit. */
  mostClients?: number;
};

/** The concurrency models of zocalo that are measured, each with its limit if it has one. */
const models: readonly { name: Model; mostClients?: number }[] = [
  { name: 'epoll' },
  { name: 'uring' },
  { name: 'poll' },
  { name: 'select' },
  { name: 'sigio' },
  { name: 'libuv' },
];

const programs = join(import.meta.dirname, 'servers');
const cEpoll = join(import.meta.dirname, 'build', 'c-epoll');

export const servers: readonly Server[] = [
  { name: 'c', label: 'C, epoll', command: [cEpoll, '0'], source: join(programs, 'c-epoll.c') },
  { name: 'node-net', label: 'node:net', command: [process.execPath, join(programs, 'node-net.ts'), '0'] },
  ...models.map(({ name, ...limits }) => ({
    name,
    label: `zocalo, ${name}`,
    command: echoServer({ model: name }),
    ...limits,
  })),
];

/** The servers that the others are compared with: their names, and how a table column calls the comparison. */
export const baselines: readonly { name: string; column: string }[] = [
  { name: 'c', column: '× C' },
  { name: 'node-net', column: '× node:net' },
];
