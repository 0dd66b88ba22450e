import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryLoop, upTo } from '@zocalo/test-support/models.ts';
import type { FrameOptions } from '@zocalo/test-support/protocols/frames.ts';
import { serveFrames } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

/** Frames are kept for a while by their handler, and answered then. */
const kept = { keep: 30, concurrency: 100_000 } as const;

/** The letters of a client, which differ from those of any other at every place. */
const letters = (client: number, length: number) =>
  Buffer.from(Array.from({ length }, (_, i) => 97 + ((i + (i >> 8) + client * 5) % 26)));

const framings: { frames: FrameOptions; encode: (content: Buffer) => Buffer }[] = [
  { frames: { framing: 'raw', ...kept }, encode: (content) => content },
  { frames: { framing: 'fixed', size: 50_000, ...kept }, encode: (content) => content },
  { frames: { framing: 'fixed', size: 100, ...kept }, encode: (content) => content },
  // Two at a time: the others wait in a store, which is compacted while frames that were taken from it are still in use.
  { frames: { framing: 'fixed', size: 10_000, keep: 3, concurrency: 2 }, encode: (content) => content },
  {
    frames: { framing: 'byte-lines', size: 100_000, ...kept },
    encode: (content) => Buffer.concat([content, Buffer.from('\n')]),
  },
  {
    frames: { framing: 'prefixed', size: 65_535, ...kept },
    encode: (content) => Buffer.concat([Buffer.from([content.length >> 8, content.length & 255]), content]),
  },
  // The memory of a frame serves again as soon as its answer, which is the frame, has been sent.
  { frames: { framing: 'fixed', size: 20_000, plain: true }, encode: (content) => content },
  {
    frames: { framing: 'byte-lines', size: 100_000, plain: true },
    encode: (content) => Buffer.concat([content, Buffer.from('\n')]),
  },
];

onEveryLoop((subject) => {
  for (const { frames, encode } of framings) {
    const what = frames.plain ? 'frames on their way back to slow readers' : 'frames that a handler keeps';
    test(`${what} are not overwritten by later bytes (${frames.framing}, ${frames.size ?? 'any'})`, async () => {
      const count = upTo(subject, 4);
      await using server = await serveFrames(subject, frames, { maxClients: count });
      const length = frames.framing === 'fixed' ? 50_000 : 60_000;
      // More than the kernel takes of an answer that is not read yet.
      const rounds = frames.plain ? 100 : 10;
      using clients = await TestClient.connectAll(server.address, count, { reading: !frames.plain });
      const pieces = clients.map((_, i) => encode(letters(i, length)));
      // In turns, so that what one sends would land in the buffer from which the frames of another were taken.
      for (let round = 0; round < rounds; round++) {
        for (const [i, client] of clients.entries()) client.send(pieces[i] as Buffer);
        await new Promise((turn) => setImmediate(turn));
      }
      for (const [i, client] of clients.entries()) {
        client.finish();
        if (frames.plain) client.read();
        const echoed = (await client.readText()).replaceAll(/[<>]/g, '');
        assert.ok(echoed === letters(i, length).toString().repeat(rounds), `client ${i} got other bytes`);
      }
    });
  }
});
