import { readdirSync } from 'node:fs';
import { serveModule } from './serving.ts';
import type { Question, ServerTask } from './test-process.ts';

/*
 * A server in a process of its own: its memory, its descriptors and its signals are its own. The task comes as the first
 * argument, questions over the IPC channel. It ends by itself when nothing is left to do: nothing here calls `exit` but the
 * question that asks for it.
 */

const descriptors = () => readdirSync('/proc/self/fd').length;
const task = JSON.parse(process.argv[2] as string) as ServerTask;
const descriptorsBefore = descriptors();
const server = await serveModule(task.subject, task.module, task.protocol, task.options);
const errors: string[] = [];
server.events.on('error', ({ error }) => errors.push(String(error)));
server.events.on('worker-died', ({ error }) => errors.push(String(error)));

const answers: Record<Question, () => unknown> = {
  stats: () => server.stats(),
  errors: () => errors,
  descriptors: () => ({ before: descriptorsBefore, now: descriptors() }),
  close: () => server.close(),
  exit: () => process.exit(3),
};

process.on('message', async ({ id, question }: { id: number; question: Question }) => {
  process.send?.({ id, answer: await answers[question]() });
});
// The parent has gone, or asks this process to end.
process.once('disconnect', () => server.close());
process.once('SIGTERM', async () => {
  const { cut } = await server.drain();
  process.exitCode = cut === 0 ? 0 : 1;
  process.disconnect?.();
});
process.send?.({ address: server.address });
