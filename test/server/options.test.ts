import assert from 'node:assert/strict';
import { test } from 'node:test';
import { models, OptionError, type ServeOptions } from '../../src/index.ts';
import { resolveOptions } from '../../src/server/options.ts';

const none = Number.POSITIVE_INFINITY;

test('without options everything has its default', () => {
  assert.deepEqual(resolveOptions({}), {
    host: '127.0.0.1',
    port: 0,
    path: undefined,
    model: undefined,
    balance: 'least-connections',
    backlog: 4_096,
    maxClients: 10_000,
    maxWaiting: 128,
    waitTimeout: 30_000,
    maxPerAddress: none,
    maxWaitingPerAddress: none,
    whenFull: 'refuse',
    quota: undefined,
    quotaPer: 'connection',
    quotaRefill: none,
    drainTimeout: 10_000,
    limits: {
      highWater: 65_536,
      maxUnasked: 1_048_576,
      messagesPerTurn: 64,
      idleTimeout: 300_000,
      crowdedIdleTimeout: none,
      frameTimeout: 30_000,
      writeTimeout: 30_000,
      handlerTimeout: 60_000,
      maxSession: none,
    },
  });
});

test('every option that is given is the one that holds', () => {
  const given = {
    host: '::1',
    port: 8_080,
    model: 'libuv',
    balance: 'round-robin',
    backlog: 1,
    maxClients: 2,
    maxWaiting: 0,
    waitTimeout: none,
    maxPerAddress: 1,
    maxWaitingPerAddress: 0,
    whenFull: 'backlog',
    quota: 3,
    quotaPer: 'address',
    quotaRefill: 4,
    drainTimeout: 0.5,
  } as const;
  const limits = {
    highWater: 1,
    maxUnasked: 2,
    messagesPerTurn: 3,
    idleTimeout: 4,
    crowdedIdleTimeout: 0.5,
    frameTimeout: 5,
    writeTimeout: none,
    handlerTimeout: 6,
    maxSession: 7,
  };
  assert.deepEqual(resolveOptions({ ...given, ...limits }), { ...given, path: undefined, limits });
});

test('options that are undefined have their defaults', () => {
  const names = ['host', 'port', 'path', 'model', 'maxClients', 'quota', 'idleTimeout', 'highWater'];
  const options = Object.fromEntries(names.map((name) => [name, undefined])) as ServeOptions;
  assert.deepEqual(resolveOptions(options), resolveOptions({}));
});

test('localhost is the loopback address', () => {
  assert.equal(resolveOptions({ host: 'localhost' }).host, '127.0.0.1');
});

test('a quota of addresses fills up again within a minute, one of connections never', () => {
  assert.equal(resolveOptions({ quota: 1, quotaPer: 'address' }).quotaRefill, 60_000);
  assert.equal(resolveOptions({ quota: 1 }).quotaRefill, none);
});

test('every model can be asked for', () => {
  for (const model of models) assert.equal(resolveOptions({ model }).model, model);
});

const notWholeFrom = (least: number) => [least - 1, least + 0.5, -5, Number.NaN, none];
const notTimes = [0, -1, Number.NaN, -none];

const bad: { [Name in keyof ServeOptions]: readonly unknown[] } = {
  host: ['example.com', '', '1.2.3', '[::1]', '127.0.0.1:80'],
  port: [...notWholeFrom(0), 65_536],
  model: ['', 'Epoll', 'iocp'],
  backlog: notWholeFrom(1),
  maxClients: notWholeFrom(1),
  maxWaiting: notWholeFrom(0),
  waitTimeout: notTimes,
  maxPerAddress: [0, 1.5, Number.NaN],
  maxWaitingPerAddress: [-1, 1.5, Number.NaN],
  whenFull: ['', 'wait'],
  quota: notWholeFrom(1),
  quotaPer: ['', 'client'],
  quotaRefill: notTimes,
  drainTimeout: notTimes,
  highWater: notWholeFrom(1),
  maxUnasked: notWholeFrom(1),
  messagesPerTurn: notWholeFrom(1),
  idleTimeout: notTimes,
  crowdedIdleTimeout: notTimes,
  frameTimeout: notTimes,
  writeTimeout: notTimes,
  handlerTimeout: notTimes,
  maxSession: notTimes,
};

for (const [name, values] of Object.entries(bad)) {
  for (const value of values) {
    const shown = typeof value === 'string' ? `"${value}"` : `${value}`;
    test(`${name}: ${shown} is refused with name and value`, () => {
      assert.throws(
        () => resolveOptions({ [name]: value }),
        (error) => {
          assert.ok(error instanceof OptionError);
          assert.equal(error.code, 'ERR_OPTION');
          assert.ok(error.message.startsWith(`${name} must be `), error.message);
          assert.ok(error.message.endsWith(`not ${shown}`), error.message);
          return true;
        },
      );
    });
  }
}

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
