import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '@zocalo/test-support/event-log.ts';
import { onEveryLoop, testWith } from '@zocalo/test-support/models.ts';
import { serveFrames } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

onEveryLoop((subject) => {
  const testOfTwo = testWith(subject, { clients: 2 });

  const tooLong = [
    {
      name: 'a line',
      frames: { framing: 'lines', size: 10 },
      bytes: 'fits\n01234567890\nmore\n',
      first: '<fits>',
    },
    {
      name: 'a line that never ends',
      frames: { framing: 'lines', size: 10 },
      bytes: 'x'.repeat(99),
      first: '',
    },
    {
      name: 'a length-prefixed frame',
      frames: { framing: 'prefixed', size: 10 },
      bytes: '\0\x04fits\0\x0b01234567890',
      first: '<fits>',
    },
    {
      name: 'a length-prefixed frame of which only the prefix came',
      frames: { framing: 'prefixed', size: 10 },
      bytes: '\xff\xff',
      first: '',
    },
  ] as const;

  for (const { name, frames, bytes, first } of tooLong) {
    testOfTwo(
      `${name} longer than the limit ends its client, after what came before it, and no other`,
      async () => {
        await using server = await serveFrames(subject, frames);
        const events = new EventLog(server);
        using other = await TestClient.connect(server.address);
        using client = await TestClient.connect(server.address);
        client.send(Buffer.from(bytes, 'latin1'));
        assert.equal(await client.readText(), `${first}!FrameTooLongError`);
        assert.equal((await events.until('closed'))[0]?.reason, 'frame-too-long');
        assert.equal(events.of('error').length, 0, 'what a client does wrong is no error of the server');
        other.send(Buffer.from(frames.framing === 'lines' ? 'still\n' : '\0\x05still'));
        assert.equal(await other.readUntil('>'), '<still>');
      },
    );
  }

  test('a frame of exactly the limit is a frame', async () => {
    for (const [framing, bytes] of [
      ['lines', '0123456789\r\n'],
      ['prefixed', '\0\x0a0123456789'],
    ] as const) {
      await using server = await serveFrames(subject, { framing, size: 10 });
      using client = await TestClient.connect(server.address);
      client.finish(bytes.repeat(3));
      assert.equal(await client.readText(), '<0123456789>'.repeat(3));
    }
  });

  testOfTwo(
    'bytes that are not UTF-8 end their client where text is framed, after what came before them',
    async () => {
      await using server = await serveFrames(subject, { framing: 'lines' });
      const events = new EventLog(server);
      using other = await TestClient.connect(server.address);
      for (const bad of ['\xff', 'caf\xe9', '\xc3', '\xed\xa0\x80', '\xf0\x9f\x98']) {
        using client = await TestClient.connect(server.address);
        client.send(Buffer.from(`good\n${bad}\nnever\n`, 'latin1'));
        assert.equal(await client.readText(), '<good>!FrameError');
      }
      const reasons = (await events.until('closed', 5)).map(({ reason }) => reason);
      assert.deepEqual(reasons, Array(5).fill('bad-frame'));
      // The replacement character itself is good text.
      other.send('\ufffd é 👩‍👩‍👧\n');
      assert.equal(await other.readUntil('>'), '<\ufffd é 👩‍👩‍👧>');
    },
  );

  test('the same bytes pass where bytes are framed', async () => {
    for (const [framing, before, after] of [
      ['byte-lines', '', '\n'],
      ['prefixed', '\0\x04', ''],
      ['fixed', '', ''],
    ] as const) {
      await using server = await serveFrames(subject, { framing, size: 4 });
      using client = await TestClient.connect(server.address);
      client.finish(Buffer.from(`${before}\xff\0\xe9\xc3${after}`, 'latin1'));
      assert.equal((await client.readAll()).toString('latin1'), '<\xff\0\xe9\xc3>');
    }
  });

  test('NUL bytes are bytes like any other', async () => {
    await using server = await serveFrames(subject, { framing: 'lines' });
    using client = await TestClient.connect(server.address);
    client.finish('\0\n\0a\0\n\n');
    assert.equal(await client.readText(), '<\0><\0a\0><>');
  });
});
