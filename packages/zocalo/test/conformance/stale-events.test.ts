import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { onEveryModel, testWith } from '@zocalo/test-support/models.ts';
import { serveCommands } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryModel((subject) => {
  const testOfFive = testWith(subject, { clients: 5 });

  // Where clients are served in another thread or process, only the front could mix them up; and each attempt takes its workers.
  const attempts = subject.traits.workers === undefined ? 10 : 1;

  testOfFive(
    'an event of a connection that has been closed does not reach the one that was given its number',
    async () => {
      for (let attempt = 0; attempt < attempts; attempt++) {
        await using front = await serveCommands(subject);
        await using back = await serveCommands(subject, { maxClients: 5 });
        await using doomed = await serveCommands(subject);
        using client = await TestClient.connect(front.address);
        using victim = await TestClient.connect(doomed.address);
        assert.equal(await victim.ask('echo in'), 'in');
        // A message to one server closes another, in the middle of a batch of events ...
        front.events.on('message', () => void doomed.close());
        using busy = await TestClient.connect(back.address);
        assert.equal(await busy.ask('echo awake'), 'awake');
        client.send('echo now\n');
        // ... in which there are also new connections, to be given the numbers that come free, and behind them the reset of one
        // that the closed server had: an event that no connection may get.
        const arriving = Array.from({ length: 4 }, () => TestClient.connect(back.address));
        await new Promise<void>((connecting) => process.nextTick(connecting));
        victim.reset();
        // The number that the victim itself gives back must not be the one that is taken.
        const plug = openSync('/dev/null', 'r');
        for (const one of await Promise.all(arriving)) {
          assert.equal(await one.ask('echo mine'), 'mine');
          one[Symbol.dispose]();
        }
        closeSync(plug);
      }
    },
  );
});
