import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { Journal } from '@zocalo/test-support/journal.ts';
import { onEveryLoop, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

/** A loop reads its clock once a turn, so a deadline may seem a little early from outside. */
const SLACK_MS = 10;

/** Asserts that at least `milliseconds` have passed since `start`. */
function notBefore(start: number, milliseconds: number, what: string): void {
  const passed = performance.now() - start;
  assert.ok(passed >= milliseconds - SLACK_MS, `${what} came after ${passed} ms, not ${milliseconds}`);
}

// Only two things can be said of a deadline on a machine that may be slow: it does not come early, and it comes.
onEveryLoop(
  (subject) => {
    const testOfTwo = testWith(subject, { clients: 2 });

    test('a silent client gets the farewell and is closed after the idle time, not before', async () => {
      await using server = await serveCommands(subject, { idleTimeoutMs: 300 });
      const events = new EventLog(server);
      const start = performance.now();
      using client = await TestClient.connect(server.address);
      assert.equal(await client.readText(), 'farewell idle\n');
      notBefore(start, 300, 'the end');
      assert.equal((await events.until('closed'))[0]?.reason, 'idle');
    });

    test('every byte begins the idle time anew', async () => {
      // Long enough that a machine that stands still for a while does not look like a client that does.
      await using server = await serveCommands(subject, { idleTimeoutMs: 1_000 });
      using client = await TestClient.connect(server.address);
      let ended = false;
      client.socket.once('end', () => (ended = true));
      let last = performance.now();
      for (const start = last; performance.now() < start + 2_000 && !ended; await sleep(40)) {
        last = performance.now();
        client.send('nothing\n');
      }
      assert.equal(await client.readText(), 'farewell idle\n');
      notBefore(last, 1_000, 'the end');
    });

    test('a client that is owed an answer is not idle', async () => {
      await using server = await serveCommands(subject, { idleTimeoutMs: 200 });
      using client = await TestClient.connect(server.address);
      assert.equal(await client.ask('later 700 answer'), 'answer');
    });

    test('a line of one byte now and then is cut off after the frame time, although bytes keep coming', async () => {
      await using server = await serveCommands(subject, { frameTimeoutMs: 400, idleTimeoutMs: 30_000 });
      const events = new EventLog(server);
      using client = await TestClient.connect(server.address);
      const start = performance.now();
      while (events.of('closed').length === 0) {
        client.send('x');
        await sleep(50);
      }
      notBefore(start, 400, 'the end');
      assert.equal(await client.readText(), 'farewell frame-timeout\n');
      assert.equal((await events.until('closed'))[0]?.reason, 'frame-timeout');
    });

    test('the frame time begins anew with every frame', async () => {
      await using server = await serveCommands(subject, { frameTimeoutMs: 1_000 });
      using client = await TestClient.connect(server.address);
      let ended = false;
      client.socket.once('end', () => (ended = true));
      let begun = performance.now();
      // Half a line each time: there is always one begun, but never the same one for long.
      for (const start = begun; performance.now() < start + 2_000 && !ended; await sleep(40)) {
        begun = performance.now();
        client.send('\necho');
      }
      assert.match(await client.readText(), /farewell frame-timeout\n$/);
      notBefore(begun, 1_000, 'the end');
    });

    test('a client that takes nothing of its answer is closed after the write time, not before', async () => {
      using journal = new Journal();
      await using server = await serveCommands(subject, { writeTimeoutMs: 300 }, { journal: journal.path });
      const events = new EventLog(server);
      using client = await TestClient.connect(server.address, { reading: false });
      const start = performance.now();
      client.send('flood 1000000000\n');
      assert.equal((await events.until('closed'))[0]?.reason, 'write-timeout');
      notBefore(start, 300, 'the end');
      await journal.includes('flood over');
    });

    test('a client that takes a long answer slowly but steadily gets it whole', async () => {
      await using server = await serveCommands(subject, { writeTimeoutMs: 1_000 });
      using client = await TestClient.connect(server.address, { reading: false });
      const length = 16_000_000;
      client.finish(`bytes ${length}\n`);
      const start = performance.now();
      client.read();
      // As fast as it can, but with the last part withheld until the write time has long passed: some of it is always taken.
      client.socket.on('data', () => {
        const early = performance.now() - start < 1_600;
        if (!early) return;
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 12);
      });
      assert.equal((await client.readAll()).length, length);
      notBefore(start, 1_000, 'the last byte');
    });

    test('a promise that never settles ends its client after the handler time, not before', async () => {
      using journal = new Journal();
      await using server = await serveCommands(subject, { handlerTimeoutMs: 300 }, { journal: journal.path });
      const events = new EventLog(server);
      using client = await TestClient.connect(server.address);
      const start = performance.now();
      client.send('never\n');
      assert.equal(await client.readText(), 'farewell handler-timeout\n');
      notBefore(start, 300, 'the end');
      assert.equal((await events.until('closed'))[0]?.reason, 'handler-timeout');
      await journal.includes('aborted handler-timeout');
    });

    test('an answer that stalls half-way is ended without a message in it', async () => {
      await using server = await serveCommands(subject, { handlerTimeoutMs: 200 });
      using client = await TestClient.connect(server.address);
      client.send('stall\n');
      assert.equal(await client.readText(), 'half ');
    });

    test('a busy client is ended when its session has lasted its time, not before', async () => {
      await using server = await serveCommands(subject, { maxSessionMs: 400 });
      const events = new EventLog(server);
      const start = performance.now();
      using client = await TestClient.connect(server.address);
      while (events.of('closed').length === 0) {
        client.send('echo\n');
        await sleep(20);
      }
      assert.match(await client.readText(), /^\n+farewell max-session\n$/);
      notBefore(start, 400, 'the end');
      assert.equal((await events.until('closed'))[0]?.reason, 'max-session');
    });

    testOfTwo('the deadline of one client is no deadline of another', async () => {
      await using server = await serveCommands(subject, { idleTimeoutMs: 1_000 });
      using patient = await TestClient.connect(server.address);
      patient.send('later 100 a\nlater 100 b\nlater 100 c\nlater 100 d\n');
      using silent = await TestClient.connect(server.address);
      assert.equal(await silent.readText(), 'farewell idle\n');
      assert.deepEqual(await patient.readLines(4), ['a', 'b', 'c', 'd']);
    });
  },
  { atOnce: true },
);
