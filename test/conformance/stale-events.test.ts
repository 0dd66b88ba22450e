import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryModel } from '../support/models.ts';
import { serveCommands } from '../support/serving.ts';
import { TestClient } from '../support/test-client.ts';

/** Keeps this thread from everything else. */
function occupy(milliseconds: number): void {
  for (const start = performance.now(); performance.now() < start + milliseconds; );
}

onEveryModel((model) => {
  test('an event of a connection that has been closed does not reach the one that was given its number', async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      await using serving = await serveCommands(model);
      await using doomed = await serveCommands(model);
      using client = await TestClient.connect(serving.address);
      using victim = await TestClient.connect(doomed.address);
      assert.equal(await victim.ask('echo in'), 'in');
      // Long enough for a loop to be asleep when the reset comes, ...
      assert.equal(await client.ask('later 60 in'), 'in');
      const arriving = await new Promise<Promise<TestClient>[]>((resolve) => {
        setTimeout(() => {
          victim.reset();
          // ... and for it to have been told of the reset, while nobody here can listen to it. Before anybody does, the
          // connection is closed, and others arrive that are given its number.
          occupy(300);
          void doomed.close();
          resolve(Array.from({ length: 8 }, () => TestClient.connect(serving.address)));
        }, 60);
      });
      for (const one of await Promise.all(arriving)) {
        assert.equal(await one.ask('echo mine'), 'mine');
        one[Symbol.dispose]();
      }
    }
  });
});
