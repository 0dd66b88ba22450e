import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

const linux = process.platform === 'linux';
/** Elsewhere the system calls of these modules do not exist. */
const load = async () => ({
  ...(await import('../../src/sys/select.ts')),
  ...(await import('../../src/sys/poll.ts')),
});
const sys = linux ? await load() : ({} as never);
const skip = linux ? false : 'these sets are those of Linux';

/** The entries of a set, as descriptors. */
const descriptors = (set: InstanceType<typeof sys.PollSet>) =>
  Array.from({ length: set.count }, (_, i) => set.descriptor(i));

describe('a set of descriptors for select', { skip }, () => {
  test('keeps each descriptor apart from its neighbours, at the edges of words and far above 1,023', () => {
    const set = new sys.DescriptorSet(32);
    set.grow(64);
    const members = [0, 31, 32, 63, 64, 1_023, 1_024, 2_047];
    for (const fd of members) set.set(fd, true);
    const found = () => Array.from({ length: 2_048 }, (_, fd) => fd).filter((fd) => set.has(fd));
    assert.deepEqual(found(), members);
    set.set(31, false);
    set.set(1_024, false);
    set.set(5, false);
    assert.deepEqual(
      found(),
      members.filter((fd) => fd !== 31 && fd !== 1_024),
    );
  });

  test('keeps its members when it grows, and is independent of the one that it was copied from', () => {
    const [one, two] = [new sys.DescriptorSet(32), new sys.DescriptorSet(64)];
    one.set(31, true);
    one.grow(64);
    two.set(7, true);
    two.copyFrom(one);
    one.set(31, false);
    assert.deepEqual([two.has(31), two.has(7)], [true, false]);
  });
});

describe('a set of entries for poll', { skip }, () => {
  test('keeps its entries when it grows', () => {
    const set = new sys.PollSet(1);
    const wanted = Array.from({ length: 500 }, (_, i) => i + 10);
    for (const [i, fd] of wanted.entries()) assert.equal(set.add(fd, sys.POLLIN), i);
    assert.deepEqual(descriptors(set), wanted);
  });

  test('gives the place of a removed entry to the last one', () => {
    const set = new sys.PollSet();
    for (const fd of [10, 11, 12, 13]) set.add(fd, sys.POLLIN);
    set.remove(1);
    assert.deepEqual(descriptors(set), [10, 13, 12]);
    set.remove(2);
    assert.deepEqual(descriptors(set), [10, 13]);
  });

  test('what was reported is forgotten when other events are asked for', () => {
    const set = new sys.PollSet();
    // A descriptor that cannot be open is reported as such.
    set.add(1_000_000_000, sys.POLLIN);
    assert.equal(set.wait(0), 1);
    assert.notEqual(set.events(0), 0);
    set.change(0, sys.POLLOUT);
    assert.equal(set.events(0), 0);
  });
});
