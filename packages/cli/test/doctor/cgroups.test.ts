import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findGroup, readCgroupLimits } from '../../src/doctor/cgroups.ts';

const V1_MOUNTS = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
const V1_GROUPS = '8:pids:/jobs\n4:memory:/jobs/server\n3:cpuset:/\n2:cpu,cpuacct:/jobs\n0::/\n';
const V2_MOUNTS = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';

const NONE = { cores: Infinity, memory: Infinity, tasks: Infinity };

function limits(groups: string, mounts: string, files: Record<string, string>) {
  const all: Record<string, string> = { '/proc/self/cgroup': groups, '/proc/self/mountinfo': mounts };
  return readCgroupLimits((path) => ({ ...files, ...all })[path]);
}

test('version 2 has one directory for all controllers', () => {
  const at = '/sys/fs/cgroup/system.slice/zocalo.service';
  assert.deepEqual(
    limits('0::/system.slice/zocalo.service\n', V2_MOUNTS, {
      [`${at}/cpu.max`]: '150000 100000\n',
      [`${at}/memory.max`]: '536870912\n',
      [`${at}/pids.max`]: '4915\n',
    }),
    { cores: 1.5, memory: 536_870_912, tasks: 4_915 },
  );
});

test('the word max is no limit', () => {
  const files = { 'cpu.max': 'max 100000\n', 'memory.max': 'max\n', 'pids.max': 'max\n' };
  const here = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/sys/fs/cgroup/${name}`, text]),
  );
  assert.deepEqual(limits('0::/\n', V2_MOUNTS, here), NONE);
});

test('version 1 has a hierarchy for each controller, and -1 and the largest number for no limit', () => {
  const free = {
    '/sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us': '100000\n',
    '/sys/fs/cgroup/memory/jobs/server/memory.limit_in_bytes': '9223372036854771712\n',
    '/sys/fs/cgroup/pids/jobs/pids.max': 'max\n',
  };
  assert.deepEqual(limits(V1_GROUPS, V1_MOUNTS, free), NONE);
  const bound = {
    ...free,
    '/sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us': '50000\n',
    '/sys/fs/cgroup/memory/jobs/server/memory.limit_in_bytes': '268435456\n',
    '/sys/fs/cgroup/pids/jobs/pids.max': '100\n',
  };
  assert.deepEqual(limits(V1_GROUPS, V1_MOUNTS, bound), { cores: 0.5, memory: 268_435_456, tasks: 100 });
});

test('the limit of a group holds for those below it: the least of all counts', () => {
  const path = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 6 });
  fc.assert(
    fc.property(path, fc.array(fc.nat({ max: 10_000 }), { minLength: 7, maxLength: 7 }), (names, amounts) => {
      const files: Record<string, string> = {};
      for (let depth = 0; depth <= names.length; depth++) {
        files[['/sys/fs/cgroup', ...names.slice(0, depth), 'pids.max'].join('/')] = `${amounts[depth]}\n`;
      }
      const least = Math.min(...amounts.slice(0, names.length + 1));
      assert.equal(limits(`0::/${names.join('/')}\n`, V2_MOUNTS, files).tasks, least);
    }),
  );
});

test('in a container that has mounted only its own part, paths count from there', () => {
  const mounts =
    '35 31 0:32 /docker/3f2a /sys/fs/cgroup/memory ro,nosuid master:17 - cgroup cgroup rw,memory\n';
  const directories = (path: string) => findGroup(`4:memory:${path}\n`, mounts, 'memory')?.directories;
  assert.deepEqual(directories('/docker/3f2a'), ['/sys/fs/cgroup/memory']);
  assert.deepEqual(directories('/docker/3f2a/child'), [
    '/sys/fs/cgroup/memory',
    '/sys/fs/cgroup/memory/child',
  ]);
  for (const path of ['/elsewhere', '/docker/3f2abc']) {
    assert.deepEqual(directories(path), ['/sys/fs/cgroup/memory']);
  }
});

test('a group outside of what the namespace shows does not lead out of the mount', () => {
  assert.deepEqual(findGroup('0::/../../other\n', V2_MOUNTS, 'cpu')?.directories, [
    '/sys/fs/cgroup',
    '/sys/fs/cgroup/other',
  ]);
});

test('with both versions, a controller is looked up where it is', () => {
  assert.equal(findGroup(V1_GROUPS, V1_MOUNTS, 'pids')?.version, 1);
  const onlyUnified = findGroup('1:name=systemd:/\n0::/user\n', V1_MOUNTS, 'memory');
  assert.deepEqual(onlyUnified, {
    version: 2,
    directories: ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/unified/user'],
  });
});

test('without control groups there are no limits', () => {
  assert.deepEqual(
    readCgroupLimits(() => undefined),
    NONE,
  );
});
