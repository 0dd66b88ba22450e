import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { forgetInMemory } from '@zocalo/test-support/page-cache.ts';

const skip = process.platform === 'linux' ? false : 'these are system calls of Linux';
const { readCached } = skip ? ({} as never) : await import('../../src/sys/files.ts');
const { lockFile } = skip ? ({} as never) : await import('../../src/sys/files.ts');

const content = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => (i * 31 + (i >> 9)) & 0xff));

/** A file that is open, and whether the file system can report which part of it is in memory. */
function withFile(run: (fd: number, path: string) => string | undefined): string | undefined {
  using folder = new TemporaryFolder();
  const path = folder.file('content');
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  try {
    if (readCached(fd, Buffer.alloc(1), 1, 0) !== 1)
      return 'this file system does not report what is in memory';
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
    return undefined;
  });
  if (why !== undefined) t.skip(why);
});

test('what is not in memory is said not to be, and is not read', { skip }, (t) => {
  const why = withFile((fd, path) => {
    const into = Buffer.alloc(10);
    // The kernel begins to read ahead when it finds nothing, and a fast disk may be done before it looks again.
    for (let attempt = 1; ; attempt++) {
      const why = forgetInMemory(path);
      if (why !== undefined) return why;
      if (readCached(fd, into, 10, 500_000) === -1) break;
      assert.ok(attempt < 50, 'each time it was read');
      into.fill(0);
    }
    assert.deepEqual(into, Buffer.alloc(10));
    readSync(fd, Buffer.alloc(content.length), 0, content.length, 0);
    assert.equal(readCached(fd, into, 10, 500_000), 10);
    return undefined;
  });
  if (why !== undefined) t.skip(why);
});

test('a file that is locked cannot be locked by others until it is closed', { skip }, () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('f'), '');
  const [one, other] = [openSync(folder.file('f'), 'r'), openSync(folder.file('f'), 'r')];
  assert.ok(lockFile(one));
  assert.ok(!lockFile(other));
  closeSync(one);
  assert.ok(lockFile(other));
  closeSync(other);
});
