import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { BucketTable } from '../../src/admission/bucket-table.ts';
import { SharedState, sharedClockOffset } from '../../src/workers/shared-state.ts';

const layouts = fc.record({ rows: fc.integer({ min: 1, max: 300 }), buckets: fc.boolean() });

test('what one worker writes into the memory, the others see', () => {
  const layout = { rows: 3, buckets: true };
  const memory = new SharedArrayBuffer(SharedState.bytesFor(layout));
  const [supervisor, worker] = [new SharedState(memory, layout), new SharedState(memory, layout)];
  supervisor.activeClients = 7;
  assert.equal(worker.activeClients, 7);
  const counts = worker.traffic(1);
  counts.messages++;
  counts.bytesIn += 2 ** 40;
  counts.bytesOut += 3;
  const { messages, bytesIn, bytesOut } = supervisor.traffic(1);
  assert.deepEqual({ messages, bytesIn, bytesOut }, { messages: 1, bytesIn: 2 ** 40, bytesOut: 3 });
  const bucket = (state: SharedState) =>
    new BucketTable({ messages: 2, refillIntervalMs: 1_000 }, state.buckets);
  bucket(supervisor).fill(5, 0);
  assert.equal(bucket(worker).take(5, 0), 1);
  assert.equal(bucket(supervisor).available(5, 0), 1);
});

test('everything has a place of its own, whatever the memory has room for', () => {
  fc.assert(
    fc.property(layouts, (layout) => {
      const size = SharedState.bytesFor(layout);
      const memory = new SharedArrayBuffer(size);
      const state = new SharedState(memory, layout);
      state.activeClients = -1;
      for (let row = 0; row < layout.rows; row++) {
        Object.assign(state.traffic(row), { messages: row + 0.1, bytesIn: row + 0.2, bytesOut: row + 0.3 });
      }
      const { buckets } = state;
      assert.equal(buckets.byteOffset % 8, 0);
      assert.equal(buckets.byteOffset + buckets.length, size);
      assert.equal(buckets.length > 0, layout.buckets);
      assert.ok(buckets.every((byte) => byte === 0));
      buckets.fill(255);
      assert.equal(state.activeClients, -1);
      for (let row = 0; row < layout.rows; row++) {
        const { messages, bytesIn, bytesOut } = state.traffic(row);
        assert.deepEqual([messages, bytesIn, bytesOut], [row + 0.1, row + 0.2, row + 0.3]);
      }
    }),
    { numRuns: 20 },
  );
});

test('the clock that processes have in common is the same in each, though each began at another time', () => {
  const url = new URL('../../src/workers/shared-state.ts', import.meta.url).href;
  const code = `import { sharedClockOffset } from ${JSON.stringify(url)};
    console.log(performance.now() + sharedClockOffset());`;
  const common = () => performance.now() + sharedClockOffset();
  const before = common();
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', code], {
    encoding: 'utf8',
  });
  const now = Number(stdout);
  assert.equal(stderr, '');
  assert.ok(before < now && now < common(), `${before} ${now}`);
});
