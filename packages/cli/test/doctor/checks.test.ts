import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { RESERVED_FILES } from '../../src/doctor/capacity.ts';
import type { Check } from '../../src/doctor/check.ts';
import { checkFacts, OLDEST_NODE } from '../../src/doctor/checks.ts';
import { type Demand, demandFor } from '../../src/doctor/demand.ts';
import type { Machine } from '../../src/doctor/facts.ts';
import { factsWith, LIMITS } from './support.ts';

const DEMAND = demandFor(undefined);
const WORKING = { systemCalls: undefined, ioUring: undefined };

/** The check of one name, on an ample machine with differences. */
function check(
  name: string,
  files: Record<string, string | undefined> = {},
  different: Partial<Machine & { demand: Partial<Demand>; probes: Partial<typeof WORKING> | object }> = {},
): Check {
  const { demand, probes, ...machine } = different;
  const checks = checkFacts(factsWith(files, machine), { ...WORKING, ...probes }, { ...DEMAND, ...demand });
  const found = checks.find((each) => each.name === name);
  assert.ok(found, `there is no check of ${name}`);
  return found;
}

const openFiles = (soft: number, hard = soft) => ({
  '/proc/self/limits': `Max open files  ${soft}  ${hard}  files\n`,
});

test('a machine with enough of everything gets no advice', () => {
  for (const { name, verdict, advice } of checkFacts(factsWith(), WORKING, DEMAND)) {
    assert.deepEqual([name, verdict, advice], [name, 'ok', undefined]);
  }
});

test('what is examined by default is what a server takes by default', () => {
  const { maxClients, maxWaiting, backlog, highWater } = DEMAND;
  assert.deepEqual([maxClients, maxWaiting, backlog, highWater], [10_000, 128, 4_096, 65_536]);
});

test('the oldest Node is the one that the package states', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'));
  assert.equal(engines.node, `>=${OLDEST_NODE}`);
  assert.equal(check('Node', {}, { node: '24.0.0' }).verdict, 'ok');
  assert.equal(check('Node', {}, { node: '22.9.0' }).verdict, 'old');
});

test('a low limit on descriptors says for how many clients it is, and what to type', () => {
  const { verdict, found, advice } = check('open files', openFiles(1_024));
  assert.equal(verdict, 'low');
  assert.equal(found, '1,024: room for 960 clients');
  assert.match(
    advice?.words ?? '',
    /^There is room for 960 clients, where 10,000 may be in and 128 in line\. /,
  );
  assert.match(advice?.words ?? '', /as root since the hard limit is 1,024/);
  assert.deepEqual(advice?.commands, ['ulimit -n 65536']);
});

test('those who wait in line need descriptors as well', () => {
  assert.equal(check('open files', openFiles(10_000 + RESERVED_FILES + 127)).verdict, 'low');
  assert.equal(check('open files', openFiles(10_000 + RESERVED_FILES + 128)).verdict, 'ok');
});

test('below the hard limit nobody has to be root', () => {
  const { found, advice } = check('open files', openFiles(1_024, 524_288));
  assert.equal(found, '1,024 (hard 524,288): room for 960 clients');
  assert.doesNotMatch(advice?.words ?? '', /as root/);
});

test('what is advised for descriptors is enough, whatever is asked for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5_000_000 }),
      fc.integer({ min: 1, max: 2_000_000 }),
      (soft, maxClients) => {
        const { verdict, advice } = check('open files', openFiles(soft), { demand: { maxClients } });
        const enough = soft - RESERVED_FILES >= maxClients + DEMAND.maxWaiting;
        assert.equal(verdict, enough ? 'ok' : 'low');
        if (enough) return;
        const advised = Number(/^ulimit -n (\d+)$/.exec(advice?.commands.at(-1) ?? '')?.[1]);
        assert.equal(check('open files', openFiles(advised), { demand: { maxClients } }).verdict, 'ok');
        assert.equal(advice?.commands.length, advised > 1_048_576 ? 2 : 1);
      },
    ),
  );
});

test('above fs.nr_open that has to be raised first', () => {
  const { advice } = check('open files', openFiles(1_024), { demand: { maxClients: 2_000_000 } });
  assert.deepEqual(advice?.commands, ['sysctl -w fs.nr_open=2097152', 'ulimit -n 2097152']);
});

test('the accept queue is compared with the backlog', () => {
  const { verdict, advice } = check('somaxconn', { '/proc/sys/net/core/somaxconn': '128\n' });
  assert.equal(verdict, 'low');
  assert.deepEqual(advice?.commands, ['sysctl -w net.core.somaxconn=4096']);
});

test('the SYN backlog matters only without SYN cookies', () => {
  const off = { '/proc/sys/net/ipv4/tcp_syncookies': '0\n' };
  assert.equal(check('SYN backlog').verdict, 'ok');
  assert.equal(check('SYN backlog', off).verdict, 'low');
  assert.equal(
    check('SYN backlog', { ...off, '/proc/sys/net/ipv4/tcp_max_syn_backlog': '4096\n' }).verdict,
    'ok',
  );
});

test('few ephemeral ports are reported, with the number of clients', () => {
  const { verdict, found } = check('ephemeral ports', {
    '/proc/sys/net/ipv4/ip_local_port_range': '60000\t60999\n',
  });
  assert.equal(verdict, 'low');
  assert.equal(found, '60000 to 60999: 1,000 clients from one address');
});

test('a control group with little memory is reported, with the number of clients', () => {
  const group = {
    '/proc/self/cgroup': '0::/\n',
    '/proc/self/mountinfo': '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    '/sys/fs/cgroup/memory.max': `${128 * 2 ** 20}\n`,
    '/sys/fs/cgroup/cpu.max': '50000 100000\n',
    '/sys/fs/cgroup/pids.max': '512\n',
  };
  const memory = check('memory', group);
  assert.equal(memory.verdict, 'low');
  assert.equal(memory.found, '128 MiB, of 32 GiB: room for 1,024 clients that read slowly');
  assert.deepEqual(memory.advice?.commands, ['zocalo serve SERVICE --max-clients 1024']);
  const cores = check('cores', group);
  assert.deepEqual([cores.verdict, cores.found], ['low', '4, with a quota of 0.5']);
  const threads = check('threads', group);
  assert.deepEqual([threads.verdict, threads.found], ['low', '512, by the limit of the control group']);
  assert.deepEqual(threads.advice?.commands, ['docker run --pids-limit -1']);
});

test('whose limit on threads is the least, is the one to raise', () => {
  const user = check('threads', { '/proc/self/limits': 'Max processes  900  900  processes\n' });
  assert.deepEqual(
    [user.found, user.advice?.commands],
    ['900, by the limit of the user', ['ulimit -u 4096']],
  );
  const kernel = check('threads', { '/proc/sys/kernel/pid_max': '1500\n' });
  assert.equal(kernel.found, '1,500, by the limit of the kernel');
  assert.equal(kernel.advice?.commands[0], 'sysctl -w kernel.pid_max=4194304');
});

test('few pending signals matter to sigio', () => {
  const { verdict, advice } = check('pending signals', { '/proc/self/limits': LIMITS });
  assert.equal(verdict, 'low');
  assert.match(advice?.words ?? '', /sigio/);
  assert.deepEqual(advice?.commands, ['ulimit -i 65536']);
});

test('locked memory matters only to kernels that count rings as such', () => {
  assert.throws(() => check('locked memory'), /there is no check/);
  assert.equal(check('locked memory', {}, { kernel: '5.4.0' }).verdict, 'ok');
  assert.equal(check('locked memory', { '/proc/self/limits': LIMITS }, { kernel: '5.4.0' }).verdict, 'low');
});

for (const [reason, disabled, explanation, command] of [
  ['EPERM', '2', /kernel\.io_uring_disabled is 2/, 'sysctl -w kernel.io_uring_disabled=0'],
  ['EPERM', '1', /kernel\.io_uring_disabled is 1/, 'sysctl -w kernel.io_uring_disabled=0'],
  ['EPERM', '0', /seccomp/, 'docker run --security-opt seccomp=PROFILE.json'],
  ['EPERM', undefined, /seccomp/, 'docker run --security-opt seccomp=PROFILE.json'],
  ['ENOSYS', undefined, /this kernel does not have it/, undefined],
  ['EMFILE', '0', /could not be set up/, undefined],
] as const) {
  test(`io_uring refused with ${reason} where io_uring_disabled is ${disabled} is explained`, () => {
    const files = { '/proc/sys/kernel/io_uring_disabled': disabled };
    const { verdict, found, advice } = check('io_uring', files, { probes: { ioUring: reason } });
    assert.equal(verdict, 'refused');
    assert.ok(found.startsWith(`${reason}: `), found);
    assert.match(found, explanation);
    assert.equal(advice?.commands[0], command);
  });
}

test('without koffi that is missing, and advised', () => {
  const { verdict, found, advice } = check('system calls', {}, { probes: { systemCalls: 'no such module' } });
  assert.equal(verdict, 'missing');
  assert.equal(found, 'koffi does not load: no such module');
  assert.deepEqual(advice?.commands, ['npm install --include=optional']);
  assert.equal(check('io_uring', {}, { probes: { systemCalls: 'no such module' } }).verdict, 'unknown');
});

test('a Linux that hides its settings has unknowns, and they are no reason for advice', () => {
  const checks = checkFacts(factsWith({ ...hidden() }), WORKING, DEMAND);
  const unknown = checks.filter(({ verdict }) => verdict === 'unknown').map(({ name }) => name);
  assert.deepEqual(unknown, ['open files', 'pending signals', 'somaxconn', 'SYN backlog', 'ephemeral ports']);
  for (const { advice } of checks) assert.equal(advice, undefined);
});

function hidden(): Record<string, undefined> {
  const settings = ['core/somaxconn', 'ipv4/tcp_max_syn_backlog', 'ipv4/ip_local_port_range'];
  return Object.fromEntries(
    ['self/limits', ...settings.map((name) => `sys/net/${name}`)].map((name) => [`/proc/${name}`, undefined]),
  );
}

test('what is of Linux only is not looked at elsewhere', () => {
  const checks = checkFacts(factsWith({}, { platform: 'darwin' }), WORKING, DEMAND);
  assert.deepEqual(
    checks.map(({ name }) => name),
    ['Node', 'platform', 'system calls', 'cores', 'memory', 'open files'],
  );
});
