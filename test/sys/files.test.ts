import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TemporaryFolder } from '../support/journal.ts';
import { forgetInMemory } from '../support/page-cache.ts';

const skip = process.platform === 'linux' ? false : 'these are system calls of Linux';
const { isCached, readCached } = skip ? ({} as never) : await import('../../src/sys/files.ts');

const content = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => (i * 31 + (i >> 9)) & 0xff));

/** A file that is open, and whether the file system can say what of it is in memory. */
function withFile(run: (fd: number, path: string) => string | undefined): string | undefined {
  using folder = new TemporaryFolder();
  const path = folder.file('content');
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  try {
    if (readCached(fd, Buffer.alloc(1), 1, 0) !== 1) return 'this file system does not say what is in memory';
    return run(fd, path);
  } finally {
    closeSync(fd);
  }
}

test('what is in memory of a file is read from any place, up to its end', { skip }, (t) => {
  const why = withFile((fd) => {
    for (const [offset, length] of [
      [0, 10],
      [999_990, 100],
      [65_535, 200_000],
    ] as const) {
      const into = Buffer.alloc(length);
      const count = readCached(fd, into, length, offset);
      assert.equal(count, Math.min(length, content.length - offset));
      assert.deepEqual(into.subarray(0, count), content.subarray(offset, offset + count));
    }
    assert.equal(readCached(fd, Buffer.alloc(10), 10, content.length), 0);
    assert.ok(isCached(fd, 0, content.length));
    assert.ok(isCached(fd, 999_999, 1));
    assert.ok(!isCached(fd, 0, content.length + 1), 'what is behind the end is nowhere');
    return undefined;
  });
  if (why !== undefined) t.skip(why);
});

test('what is not in memory is said not to be, and is not read', { skip }, (t) => {
  const why = withFile((fd, path) => {
    const why = forgetInMemory(path);
    if (why !== undefined) return why;
    assert.ok(!isCached(fd, 0, content.length));
    const into = Buffer.alloc(10);
    assert.equal(readCached(fd, into, 10, 500_000), -1);
    assert.deepEqual(into, Buffer.alloc(10));
    for (const offset of [0, content.length - 1]) readSync(fd, Buffer.alloc(1), 0, 1, offset);
    assert.ok(isCached(fd, content.length - 1, 1));
    assert.ok(!isCached(fd, 0, content.length), 'what is between is not there');
    readSync(fd, Buffer.alloc(content.length), 0, content.length, 0);
    assert.ok(isCached(fd, 0, content.length));
    return undefined;
  });
  if (why !== undefined) t.skip(why);
});
