import { join } from 'node:path';
import type { Model } from 'zocalo';
import { nodeCommand } from '../../src/package-module.ts';
import type { ServerUnderTest } from '../../src/runner/plan.ts';
import { modelServer } from '../../src/sweep/model-server.ts';
import { buildFolder, compileC, compileGo, compileRust, runs } from './build.ts';

/** A server that is compared. */
export type EchoServer = ServerUnderTest & {
  /** Makes what must be made first, such as a compiled program. @returns why this machine cannot run it */
  readonly prepare?: () => string | undefined;
};

const models: readonly Model[] = ['epoll', 'uring', 'poll', 'select', 'sigio', 'libuv'];

const programs = join(import.meta.dirname, 'servers');
const cEpoll = join(buildFolder, 'c-epoll');
const goNet = join(buildFolder, 'go-net');
const tokio = join(buildFolder, 'tokio', 'release', 'tokio-echo');
const compileCEpoll = () => compileC(join(programs, 'c-epoll.c'), cEpoll);

/** The echo service works by lines, and is compared with a server in C that does. */
const byLines: readonly EchoServer[] = [
  { name: 'c-lines', label: 'C, epoll, by lines', command: [cEpoll, '0', 'lines'], prepare: compileCEpoll },
  ...(['epoll', 'uring'] as const).map((model) => ({
    name: `${model}-lines`,
    label: `zocalo, ${model}, echo service`,
    command: [...nodeCommand(join(programs, 'echo-service.ts')), model],
  })),
];

/** What others would use: measured where it is installed. Each serves in one thread, but Go, which takes as many as there are processors. */
const peers: readonly EchoServer[] = [
  {
    name: 'tokio',
    label: 'tokio (Rust)',
    command: [tokio, '0'],
    prepare: () => compileRust(join(programs, 'tokio'), tokio),
  },
  {
    name: 'bun',
    label: 'Bun',
    command: ['bun', join(programs, 'bun.ts'), '0'],
    prepare: () => runs('bun', '--version'),
  },
  {
    name: 'go',
    label: 'Go, net',
    command: [goNet, '0'],
    prepare: () => compileGo(join(programs, 'go-net.go'), goNet),
  },
  {
    name: 'uvloop',
    label: 'Python, uvloop',
    command: ['python3', join(programs, 'uvloop-server.py'), '0'],
    prepare: () => runs('python3', '-c', 'import uvloop'),
  },
];

export const servers: readonly EchoServer[] = [
  { name: 'c', label: 'C, epoll', command: [cEpoll, '0'], prepare: compileCEpoll },
  { name: 'node-net', label: 'node:net', command: [...nodeCommand(join(programs, 'node-net.ts')), '0'] },
  ...models.map((model) => ({ ...modelServer({ model }), label: `zocalo, ${model}` })),
  ...byLines,
  ...peers,
];

/** The servers that the others are compared with: their names, and how a table column calls the comparison. */
export const baselines: readonly { readonly name: string; readonly column: string }[] = [
  { name: 'c', column: '× C' },
  { name: 'c-lines', column: '× C by lines' },
  { name: 'node-net', column: '× node:net' },
];

/** The chosen servers, made ready; those that this machine cannot run are left out, and noted. */
export function readyServers(names: readonly string[], notes: string[]): EchoServer[] {
  return servers.filter(({ name, label, prepare }) => {
    if (!names.includes(name)) return false;
    const missing = prepare?.();
    if (missing !== undefined) notes.push(`"${label}" is left out: ${missing}`);
    return missing === undefined;
  });
}
