import assert from 'node:assert/strict';
import { test } from 'node:test';

const skip = process.platform === 'linux' ? false : 'epoll is a mechanism of Linux';
/** Elsewhere the system calls of this module do not exist. */
const layoutOf = async (architecture: string) =>
  (await import('../../src/sys/epoll.ts')).eventLayout(architecture);

test('an event is packed on x64: 12 bytes, the data at 4', { skip }, async () => {
  assert.deepEqual(await layoutOf('x64'), { size: 12, data: 4 });
});

test('an event is aligned on arm64: 16 bytes, the data at 8', { skip }, async () => {
  assert.deepEqual(await layoutOf('arm64'), { size: 16, data: 8 });
});
