import cluster from 'node:cluster';
import { lines, type Model, serve } from 'zocalo';

/*
 * A primary of node:cluster with two workers, each of which serves the same port as programs do that know nothing of it, on the model that
 * is given; a line of a client is answered with the number of the worker. The primary says the port when both listen.
 */

const { model, port } = JSON.parse(process.argv[2] as string) as { model: Model; port: number };

if (cluster.isPrimary) {
  const listening = new Set<number>();
  for (let i = 0; i < 2; i++) {
    const worker = cluster.fork();
    worker.on('message', (message: { serves?: string; failed?: string }) => {
      if (message.failed !== undefined) process.send?.({ failed: message.failed });
      listening.add(worker.id);
      if (listening.size === 2) process.send?.({ serves: message.serves });
    });
  }
  process.once('disconnect', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.kill();
    process.exit();
  });
} else {
  const message = () => `worker ${cluster.worker?.id}\n`;
  const server = await serve({ name: 'numbers', framing: lines(), message }, { model, port }).catch(
    (error: Error) => {
      process.send?.({ failed: error.message });
    },
  );
  process.send?.({ serves: server?.model });
}
