import assert from 'node:assert/strict';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testTogether = testWith(subject, { clients: 20, sharedMemory: true });

  testTogether('messages to all arrive at each, whole and in the order of their sender', async () => {
    await using server = await serveCommands(subject);
    using clients = await TestClient.connectAll(server.address, 20);
    for (const client of clients) assert.equal(await client.ask('echo in'), 'in');
    for (let round = 0; round < 20; round++) {
      for (const [i, client] of clients.entries()) client.send(`tell all ${i} ${round}\n`);
    }
    const rounds = Array.from({ length: 20 }, (_, round) => `${round}`);
    for (const client of clients) {
      const lines = (await client.readLines(20 * 20)).map((line) => line.split(' '));
      for (let i = 0; i < 20; i++) {
        const fromOne = lines.filter(([sender]) => sender === `${i}`).map(([, round]) => round);
        assert.deepEqual(fromOne, rounds);
      }
      client[Symbol.dispose]();
    }
  });

  testTogether(
    'messages reach a client that is silent for long, and none reaches one that has left',
    async () => {
      await using server = await serveCommands(subject);
      const events = new EventLog(server);
      using silent = await TestClient.connect(server.address);
      assert.equal(await silent.ask('echo in'), 'in');
      using sender = await TestClient.connect(server.address);
      assert.equal(await sender.ask('later 30 pause'), 'pause');
      assert.equal(await sender.ask('tell 1 hello'), 'true');
      assert.equal(await silent.readLine(), 'hello');
      silent.finish();
      await events.until('closed');
      assert.equal(await sender.ask('tell 1 hello'), 'undefined');
    },
  );

  testTogether(
    'a client can be ended by another: it has its answer first, and its place is free',
    async () => {
      await using server = await serveCommands(subject, { maxClients: 2 });
      const events = new EventLog(server);
      using idle = await TestClient.connect(server.address);
      assert.equal(await idle.ask('echo in'), 'in');
      using sender = await TestClient.connect(server.address);
      assert.equal(await sender.ask('end 1'), 'ended 1');
      assert.equal(await idle.readText(), '');
      using busy = await TestClient.connect(server.address);
      busy.send('later 100 answer\necho never\n');
      await events.until('message', 3);
      assert.equal(await sender.ask('end 3'), 'ended 3');
      assert.equal(await busy.readText(), 'answer\n');
      assert.deepEqual(
        events.of('closed').map(({ reason }) => reason),
        ['protocol', 'protocol'],
      );
    },
  );

  testTogether(
    'clients that end each other in one turn, while others arrive, are never mixed up',
    async () => {
      await using server = await serveCommands(subject);
      // Descriptors are closed and their numbers given away again while events of the old ones are still about.
      let accepted = 0;
      const connectTen = async () => {
        const ten: TestClient[] = [];
        for (let i = 0; i < 10; i++) ten.push(await TestClient.connect(server.address));
        accepted += 10;
        return ten;
      };
      for (let round = 0; round < 20; round++) {
        const firstId = accepted + 1;
        const clients = await connectTen();
        for (const client of clients) assert.equal(await client.ask('echo in'), 'in');
        // In one packet each, all before the server's next turn: the even ones end the odd ones, which are asking.
        for (const [i, client] of clients.entries()) {
          client.send(i % 2 === 0 ? `end ${firstId + i + 1}\n` : `echo ${i}\n`);
        }
        const arriving = await connectTen();
        for (const [i, client] of arriving.entries())
          assert.equal(await client.ask(`echo new ${i}`), `new ${i}`);
        for (const [i, client] of clients.entries()) {
          if (i % 2 === 0) client.finish();
          const read = await client.readText();
          if (i % 2 === 0) assert.equal(read, `ended ${firstId + i + 1}\n`);
          else assert.ok(read === `${i}\n` || read === '', `client ${i} read ${read}`);
        }
        for (const client of arriving) client[Symbol.dispose]();
      }
    },
  );
});
