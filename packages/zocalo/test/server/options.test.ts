import assert from 'node:assert/strict';
import { test } from 'node:test';
import { models, OptionError, type ServeOptions } from '../../src/index.ts';
import { shown } from '../../src/option-checks.ts';
import { resolveOptions } from '../../src/server/resolve-options.ts';

const none = Number.POSITIVE_INFINITY;

test('without options everything has its default', () => {
  const { rules, ...others } = resolveOptions({});
  assert.ok(rules.admits('192.0.2.1'));
  assert.deepEqual(others, {
    host: '127.0.0.1',
    port: 0,
    path: undefined,
    mode: undefined,
    ipv6Only: false,
    reusePort: false,
    model: undefined,
    balance: 'least-connections',
    backlog: 4_096,
    keepAliveMs: 60_000,
    busyPollUs: 50,
    maxUnsent: 131_072,
    sendBuffer: undefined,
    receiveBuffer: undefined,
    maxClients: 10_000,
    maxWaiting: 128,
    waitTimeoutMs: 30_000,
    maxPerAddress: none,
    fairSharePerAddress: none,
    maxWaitingPerAddress: none,
    ipv6Prefix: 64,
    accept: undefined,
    tls: undefined,
    whenFull: 'refuse',
    quota: undefined,
    quotaPer: 'connection',
    quotaRefillMs: none,
    drainTimeoutMs: 10_000,
    limits: {
      highWater: 65_536,
      maxUnsolicited: 1_048_576,
      messagesPerTurn: 64,
      idleTimeoutMs: 300_000,
      idleTimeoutWhenFullMs: none,
      frameTimeoutMs: 30_000,
      writeTimeoutMs: 30_000,
      handlerTimeoutMs: 60_000,
      maxSessionMs: none,
    },
  });
});

test('every option that is given is the one that holds', () => {
  const given = {
    host: '::1',
    port: 8_080,
    ipv6Only: true,
    reusePort: true,
    model: 'libuv',
    balance: 'round-robin',
    backlog: 1,
    keepAliveMs: none,
    busyPollUs: 0,
    maxUnsent: none,
    sendBuffer: 3_000,
    receiveBuffer: 4_000,
    maxClients: 2,
    maxWaiting: 0,
    waitTimeoutMs: none,
    maxPerAddress: 1,
    fairSharePerAddress: 2,
    maxWaitingPerAddress: 0,
    ipv6Prefix: 128,
    accept: () => true,
    whenFull: 'backlog',
    quota: 3,
    quotaPer: 'address',
    quotaRefillMs: 4,
    drainTimeoutMs: 0.5,
  } as const;
  const limits = {
    highWater: 1,
    maxUnsolicited: 2,
    messagesPerTurn: 3,
    idleTimeoutMs: 4,
    idleTimeoutWhenFullMs: 0.5,
    frameTimeoutMs: 5,
    writeTimeoutMs: none,
    handlerTimeoutMs: 6,
    maxSessionMs: 7,
  };
  const { rules, ...others } = resolveOptions({ ...given, ...limits, allow: ['::1'], deny: ['10.0.0.0/8'] });
  assert.deepEqual(others, { ...given, path: undefined, mode: undefined, tls: undefined, limits });
  assert.deepEqual(
    ['::1', '::2', '10.0.0.1'].map((address) => rules.admits(address)),
    [true, false, false],
  );
});

test('options that are undefined have their defaults', () => {
  const names = ['host', 'port', 'path', 'model', 'maxClients', 'quota', 'idleTimeoutMs', 'highWater'];
  const options = Object.fromEntries(names.map((name) => [name, undefined])) as ServeOptions;
  assert.deepEqual(resolveOptions(options), resolveOptions({}));
});

test('localhost is the loopback address', () => {
  assert.equal(resolveOptions({ host: 'localhost' }).host, '127.0.0.1');
});

test('a quota of addresses fills up again within a minute, one of connections never', () => {
  assert.equal(resolveOptions({ quota: 1, quotaPer: 'address' }).quotaRefillMs, 60_000);
  assert.equal(resolveOptions({ quota: 1 }).quotaRefillMs, none);
});

test('every model can be asked for', () => {
  for (const model of models) assert.equal(resolveOptions({ model }).model, model);
});

const notWholeFrom = (least: number) => [least - 1, least + 0.5, -5, Number.NaN, none, '5', '', null, true];
const notTimes = [0, -1, Number.NaN, -none, '5', null, true, [5]];
const notWords = ['', null, 5, true, {}];

const bad: { [Name in keyof ServeOptions]: readonly unknown[] } = {
  host: ['example.com', '1.2.3', '[::1]', '127.0.0.1:80', ...notWords],
  port: [...notWholeFrom(0), 65_536, '31955'],
  path: notWords,
  model: ['Epoll', 'iocp', ...notWords],
  workers: [...notWholeFrom(0), 1_025],
  isolation: ['threads', ...notWords],
  balance: ['random', ...notWords],
  ipv6Only: ['yes', 1],
  reusePort: ['yes', 0],
  backlog: notWholeFrom(1),
  keepAliveMs: [0, -1, Number.NaN, 32_767_001],
  busyPollUs: [...notWholeFrom(0), 1_000_001],
  maxUnsent: [0, 1.5, Number.NaN, 2 ** 30],
  sendBuffer: [...notWholeFrom(1), 2 ** 30],
  receiveBuffer: [...notWholeFrom(1), 2 ** 30],
  maxClients: notWholeFrom(1),
  maxWaiting: notWholeFrom(0),
  waitTimeoutMs: notTimes,
  maxPerAddress: [0, 1.5, Number.NaN, '1', null],
  fairSharePerAddress: [0, 1.5, Number.NaN, '1', null],
  ipv6Prefix: [...notWholeFrom(1), 129],
  accept: [true, 'no', null],
  maxWaitingPerAddress: [-1, 1.5, Number.NaN, '1', null],
  whenFull: ['wait', ...notWords],
  quota: notWholeFrom(1),
  quotaPer: ['client', ...notWords],
  quotaRefillMs: notTimes,
  drainTimeoutMs: notTimes,
  highWater: notWholeFrom(1),
  maxUnsolicited: notWholeFrom(1),
  messagesPerTurn: notWholeFrom(1),
  idleTimeoutMs: notTimes,
  idleTimeoutWhenFullMs: notTimes,
  frameTimeoutMs: notTimes,
  writeTimeoutMs: notTimes,
  handlerTimeoutMs: notTimes,
  maxSessionMs: notTimes,
};

for (const [name, values] of Object.entries(bad)) {
  test(`${name}: values that cannot be used are refused with the name, the value and its type`, () => {
    for (const value of values) {
      assert.throws(
        () => resolveOptions({ [name]: value }),
        (error) => {
          assert.ok(error instanceof OptionError);
          assert.equal(error.code, 'ERR_OPTION');
          assert.ok(error.message.startsWith(`${name} must be `), error.message);
          assert.ok(error.message.endsWith(`, not ${shown(value)}`), error.message);
          return true;
        },
      );
    }
  });
}

test('a port out of the environment is said to be a string', () => {
  assert.throws(() => resolveOptions({ port: '31955' as unknown as number }), {
    message: 'port must be a whole number from 0 to 65535, not the string "31955"',
  });
});

for (const [name, meant] of [
  ['maxClient', 'maxClients'],
  ['maxclients', 'maxClients'],
  ['max-clients', 'maxClients'],
  ['idleTimeOut', 'idleTimeoutMs'],
  ['hots', 'host'],
  ['worker', 'workers'],
] as const) {
  test(`${name}, which there is not, is refused with the name of ${meant}`, () => {
    for (const value of [1, undefined]) {
      assert.throws(() => resolveOptions({ [name]: value }), {
        code: 'ERR_OPTION',
        message: `serve has no option "${name}"; did you mean "${meant}"?`,
      });
    }
  });
}

test('an option that is like no other is refused without a guess', () => {
  assert.throws(() => resolveOptions({ colour: 'red' } as ServeOptions), {
    message: 'serve has no option "colour"',
  });
});

test('something else than an object is refused as options', () => {
  for (const value of [null, 8080, 'localhost', [], () => {}]) {
    assert.throws(() => resolveOptions(value as unknown as ServeOptions), {
      message: `the options of serve must be an object, not ${shown(value)}`,
    });
  }
});

test('a path excludes a host and a port, and must not be empty', () => {
  assert.equal(resolveOptions({ path: '/run/zocalo.sock' }).path, '/run/zocalo.sock');
  for (const other of [{ host: '127.0.0.1' }, { port: 80 }, { port: 0 }]) {
    assert.throws(() => resolveOptions({ path: '/x', ...other }), OptionError);
  }
  assert.throws(
    () => resolveOptions({ path: '' }),
    (error) => error instanceof OptionError && error.message.startsWith('path must'),
  );
});

test('mode is for the file of a Unix socket, and is permissions', () => {
  assert.equal(resolveOptions({ path: '/tmp/socket', mode: 0o600 }).mode, 0o600);
  for (const mode of [-1, 0o1000, 1.5]) {
    assert.throws(() => resolveOptions({ path: '/tmp/socket', mode }), /^OptionError: mode must be /);
  }
  for (const options of [{}, { port: 7_000 }, { path: '\0name' }]) {
    assert.throws(() => resolveOptions({ ...options, mode: 0o600 }), /mode is for the file of a Unix socket/);
  }
});

test('ipv6Only is for an IPv6 address', () => {
  assert.equal(resolveOptions({ host: '::', ipv6Only: true }).ipv6Only, true);
  for (const options of [{}, { host: '0.0.0.0' }, { path: '/tmp/socket' }]) {
    assert.throws(() => resolveOptions({ ...options, ipv6Only: true }), /ipv6Only is for an IPv6 host/);
  }
});

test('a path ends at a NUL, and so has none; only the name of an abstract socket begins with one', {
  skip: process.platform === 'linux' ? false : 'abstract sockets are of Linux',
}, () => {
  assert.throws(() => resolveOptions({ path: '/tmp/so\0cket' }), /path must not contain \\0/);
  assert.equal(resolveOptions({ path: '\0so\0cket' }).path, '\0so\0cket');
  assert.throws(() => resolveOptions({ path: `\0${'x'.repeat(107)}` }), /at most 107 bytes/);
});
