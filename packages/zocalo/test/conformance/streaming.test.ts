import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { Journal, TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { onEveryLoop, upTo } from '@zocalo/test-support/models.ts';
import { serveCommands, sharedServer } from '@zocalo/test-support/serving.ts';
import { TestClient } from '@zocalo/test-support/test-client.ts';

const MEGABYTES_8 = 8 * 1_048_576;
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `line ${i + 1}\n`).join('');

onEveryLoop((subject) => {
  const journal = new Journal();
  after(() => journal[Symbol.dispose]());
  const shared = sharedServer(() =>
    serveCommands(subject, { maxClients: upTo(subject, 4) }, { journal: journal.path }),
  );

  test('a generator, an async generator and a nest of everything are answered piece by piece', async () => {
    using client = await TestClient.connect(shared().address);
    client.finish('count 2000\ncountLater 200\nnested\n');
    assert.equal(await client.readText(), `${numbered(2_000)}${numbered(200)}abcde\n`);
  });

  test('slices of a file of 8 MB arrive as they are, to several clients at once', async () => {
    using folder = new TemporaryFolder();
    const content = randomBytes(MEGABYTES_8 + 1);
    writeFileSync(folder.file('big'), content);
    const slices: [number, number][] = [
      [0, content.length],
      [1, MEGABYTES_8],
      [65_535, 65_538],
      [content.length, 0],
    ];
    await Promise.all(
      slices.map(async ([offset, length]) => {
        using client = await TestClient.connect(shared().address);
        client.finish(`file ${folder.file('big')} ${offset} ${length}\necho after\n`);
        const read = await client.readAll();
        assert.equal(read.subarray(length).toString(), 'after\n');
        assert.equal(hash(read.subarray(0, length)), hash(content.subarray(offset, offset + length)));
      }),
    );
  });

  test('one piece of 16 MB arrives as it is', async () => {
    using client = await TestClient.connect(shared().address);
    client.finish(`bytes ${2 * MEGABYTES_8}\necho after\n`);
    const read = await client.readAll();
    assert.equal(read.length, 2 * MEGABYTES_8 + 6);
    assert.equal(hash(read.subarray(0, 2 * MEGABYTES_8)), hash(Buffer.alloc(2 * MEGABYTES_8, 'x')));
    assert.equal(read.subarray(2 * MEGABYTES_8).toString(), 'after\n');
  });

  test('a generator that its client abandons is closed', async () => {
    const client = await TestClient.connect(shared().address, { reading: false });
    client.send('flood 1000000000\n');
    await journal.includes('pulled');
    client.reset();
    await journal.includes('flood over');
    await eventually('the client is out', () => shared().activeClients === 0);
  });

  test('unsolicited messages arrive whole and in order, also when the client did not read for long', async () => {
    using journal = new Journal();
    using folder = new TemporaryFolder();
    // A Unix socket buffers little, so that most of the words wait in the server.
    const options = { path: folder.file('socket'), maxUnsolicited: 100_000_000 };
    await using server = await serveCommands(subject, options, { journal: journal.path });
    using client = await TestClient.connect(server.address, { reading: false });
    const [count, size] = [3_000, 1_024];
    client.send(`murmur ${count} ${size}\n`);
    await journal.includes('murmured');
    client.read();
    for (let i = 0; i < count; i++) {
      const line = await client.readLine();
      assert.equal(line.length, size - 1);
      assert.ok(line.startsWith(`${i} `), `line ${i} is ${line.slice(0, 20)}`);
    }
  });

  test('unsolicited messages never stand inside an answer', async () => {
    await using server = await serveCommands(subject, {}, { concurrency: 2 });
    using client = await TestClient.connect(server.address);
    client.finish('countLater 100\nmurmur 50 8\n');
    const lines = (await client.readText()).split('\n');
    const words = lines.filter((line) => line.endsWith('.'));
    assert.equal(words.length, 50);
    assert.deepEqual(
      words,
      words.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)),
    );
    const first = lines.indexOf('line 1');
    assert.equal(lines.indexOf('line 100') - first, 99, 'the words stand inside the answer');
  });
});
