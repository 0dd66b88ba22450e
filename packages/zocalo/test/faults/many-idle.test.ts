import assert from 'node:assert/strict';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { descriptorLimit } from '@zocalo/test-support/proc.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';
import { ServerProcess } from '@zocalo/test-support/test-process.ts';

const WANTED = 5_000;
/** As many as this process and the server's may open, with some left for other things. */
const possible = Math.min(WANTED, descriptorLimit() - 200);

onEveryModel((subject) => {
  const testOfAll = testWith(subject, { clients: WANTED + 1 });

  testOfAll(
    '5,000 clients that are silent leave a server quick for one, and all of them are served',
    async (t) => {
      if (possible < WANTED)
        t.diagnostic(`the limit of descriptors allows ${possible} clients, not ${WANTED}`);
      await using server = await ServerProcess.start({
        subject,
        module: 'commands',
        protocol: {},
        options: {},
      });
      const clients: TestClient[] = [];
      while (clients.length < possible) {
        const batch = Math.min(250, possible - clients.length);
        clients.push(
          ...(await Promise.all(Array.from({ length: batch }, () => TestClient.connect(server.address)))),
        );
      }
      using one = await TestClient.connect(server.address);
      assert.equal(await one.ask('active'), `${possible + 1}`);
      for (const [i, client] of clients.entries()) client.send(`echo ${i}\n`);
      for (const [i, client] of clients.entries()) assert.equal(await client.readLine(), `${i}`);
      assert.equal(await one.ask('active'), `${possible + 1}`);
      const { active, messages } = await server.ask('stats');
      assert.deepEqual({ active, messages }, { active: possible + 1, messages: possible + 2 });
      for (const client of clients) client[Symbol.dispose]();
    },
  );
});
