import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { lines, type ServeOptions, serve } from 'zocalo';

/* A program with a server, for tests of how programs end. What it is to do is its first argument. */

const [, , what = '', options = '{}'] = process.argv;
const echo = { name: 'echo', framing: lines(), message: (line: string) => `${line}\n` };
const given = JSON.parse(options) as ServeOptions;

/** A conversation of one line with a server on this machine. */
async function ask(port: number): Promise<() => void> {
  const socket = connect(port, '127.0.0.1');
  socket.write('hola\n');
  await new Promise((resolve) => socket.once('data', resolve));
  return () => socket.destroy();
}

const programs: Record<string, () => Promise<void>> = {
  /** Nothing else keeps it alive. */
  async unreferenced() {
    (await serve(echo, given)).unref();
    console.log('served');
  },

  /** A client keeps it alive, and is let go by a timer that does not. */
  async occupied() {
    const server = (await serve(echo, given)).unref();
    const leave = await ask(server.address.port);
    setTimeout(() => {
      console.log('left');
      leave();
    }, 200).unref();
  },

  async referencedAgain() {
    const server = (await serve(echo, given)).unref().ref();
    setTimeout(() => {
      console.log('closed');
      void server.close();
    }, 200).unref();
  },

  async closedManyTimes() {
    for (let i = 0; i < 1_000; i++) {
      const server = await serve(echo, given);
      if (i % 100 === 0) (await ask(server.address.port))();
      await server.close();
    }
    console.log('closed');
  },

  /** Threads that serve are ended by force, with a client in each. */
  async terminated() {
    for (let i = 0; i < 5; i++) {
      const thread = new Worker(new URL(import.meta.url), { argv: ['thread', options] });
      const port = await new Promise<number>((resolve) => thread.once('message', resolve));
      await ask(port);
      await thread.terminate();
    }
    console.log('terminated');
    process.exit(0);
  },

  async thread() {
    const { parentPort } = await import('node:worker_threads');
    const server = await serve(echo, given);
    parentPort?.postMessage(server.address.port);
  },

  async exits() {
    const server = await serve(echo, given);
    await ask(server.address.port);
    process.once('exit', (status) => console.log(`exit ${status}`));
    process.exit(3);
  },

  async throws() {
    const server = await serve(echo, given);
    await ask(server.address.port);
    setImmediate(() => {
      throw new Error('out of turn');
    });
  },
};

await programs[what]?.();
