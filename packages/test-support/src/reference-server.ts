import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

const ROOT = '/usr/lib/postgresql';

/** Where the programs of PostgreSQL's server are; undefined when it is not installed. */
export function serverPrograms(): string | undefined {
  const versions = existsSync(ROOT) ? readdirSync(ROOT) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  const folder = newest === undefined ? undefined : join(ROOT, newest, 'bin');
  return folder !== undefined && existsSync(join(folder, 'initdb')) ? folder : undefined;
}

export type ReferenceServer = { readonly port: number; stop(): Promise<void> };

/** A server of PostgreSQL on a free port of loopback, with a cluster of its own: to be compared with. */
export async function startReferenceServer(programs: string): Promise<ReferenceServer> {
  const folder = mkdtempSync(join(tmpdir(), 'zocalo-postgres-'));
  const data = join(folder, 'data');
  // It refuses to run as root.
  const owner = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const options = { ...owner, cwd: folder, stdio: 'ignore' } as const;
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  const made = spawnSync(join(programs, 'initdb'), init, options);
  if (made.status !== 0) throw new Error('initdb failed');
  const port = await freePort();
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F', '-c', 'timezone=UTC'],
    options,
  );
  await eventually('PostgreSQL answers', () => answers(port));
  return {
    port,
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function idOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}

/** It may accept before it is ready; then it says so and closes. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      const words = Buffer.from('user\0postgres\0database\0postgres\0\0');
      const head = Buffer.alloc(8);
      head.writeInt32BE(words.length + 8);
      head.writeInt32BE(196_608, 4);
      socket.write(Buffer.concat([head, words]));
    });
    socket.once('data', (bytes) => {
      resolve(bytes[0] === 0x52);
      socket.destroy();
    });
  });
}
