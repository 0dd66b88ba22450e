import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { EventLog } from '../support/event-log.ts';
import { leavesNothing } from '../support/leftovers.ts';
import { type Subject, subjects } from '../support/models.ts';
import { serveCommands, type TestServer } from '../support/serving.ts';
import { TestClient } from '../support/test-client.ts';

/** `ZOCALO_TEST_MODELS=epoll-threads` restricts these suites as it does the others. */
const wanted = process.env.ZOCALO_TEST_MODELS?.split(',');

/** The suites of models do not need it: what its workers do alike, those of epoll do too. */
const uring: Subject = {
  name: 'uring-threads',
  options: { model: 'uring', isolation: 'thread', workers: 2 },
  traits: subjectOf('epoll-threads').traits,
};

function subjectOf(name: string): Subject {
  const subject = subjects.find((each) => each.name === name);
  assert.ok(subject !== undefined, `there is no subject ${name}`);
  return subject;
}

/** Defines tests for some of the subjects that have workers. Whatever a test does, it leaves nothing behind. */
export function onWorkers(
  names: readonly string[],
  define: (subject: Subject, tidyTest: (title: string, body: () => Promise<void>) => void) => void,
): void {
  for (const name of names) {
    if (wanted !== undefined && !wanted.includes(name)) continue;
    const subject = name === uring.name ? uring : subjectOf(name);
    const skip = process.platform === 'linux' ? false : 'workers need Linux';
    describe(name, { skip, timeout: 180_000 }, () => {
      // What Node opens for good with the first worker is no leftover of a test.
      before(async () => {
        await using server = await serveCommands(subject);
        using client = await TestClient.connect(server.address);
        await client.ask('echo in');
      });
      define(subject, (title, body) => void test(title, () => leavesNothing(body)));
    });
  }
}

/** What is reported of clients and of workers. */
export function watch(server: TestServer): EventLog {
  return new EventLog(server, ['opened', 'closed', 'error', 'refused', 'worker-started', 'worker-died']);
}

/** A client that is in, with the thread or process that serves it: `<process>/task/<thread>`. */
export type Placed = { readonly client: TestClient; readonly id: number; readonly worker: string };

/** Connects clients one after another. */
export async function placeAll(server: TestServer, count: number): Promise<Placed[]> {
  const placed: Placed[] = [];
  for (let i = 0; i < count; i++) {
    const client = await TestClient.connect(server.address);
    const id = Number.parseInt(await client.ask('who'), 10);
    placed.push({ client, id, worker: await client.ask('where') });
  }
  return placed;
}

/** The process of a worker. */
export const processOf = ({ worker }: Placed) => Number.parseInt(worker, 10);

export function dispose(placed: readonly Placed[]): void {
  for (const { client } of placed) client[Symbol.dispose]();
}

/** Asserts that everybody who was accepted is accounted for: is in, waits, was refused or has gone for a reason. */
export function assertAddsUp(server: TestServer): void {
  const { accepted, active, waiting, refused, closed } = server.stats();
  const total = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((sum, count) => sum + count, 0);
  assert.equal(active + waiting + total(refused) + total(closed), accepted);
}
