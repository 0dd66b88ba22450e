import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dialects, formatAddress, lines, type ServeOptions, serve } from '../../src/index.ts';
import { shown } from '../../src/option-checks.ts';

const echo = { name: 'echo', framing: lines(), message: (line: string) => `${line}\n` };

test('what cannot be served is refused with what it lacks', async () => {
  for (const value of [
    undefined,
    null,
    42,
    [],
    () => echo,
    Promise.resolve(echo),
    { ...echo, framing: 'lines' },
  ]) {
    await assert.rejects(
      serve(value as unknown as Dialects),
      /^OptionError: this cannot be served as a protocol: it/,
    );
  }
});

test('options of an endpoint that cannot be used, or that there are not, are refused with the endpoint', async () => {
  const service: Dialects = { name: 'two', dialects: { polite: echo, terse: echo } };
  for (const [endpoints, message] of [
    [{ polite: {}, terse: { prot: 1 } }, 'endpoints.terse has no option "prot"; did you mean "port"?'],
    [{ polite: {}, terse: { maxClients: 1 } }, /^endpoints\.terse has no option "maxClients"; it has host, /],
    [{ polite: {}, terse: 7_001 }, 'the options of endpoints.terse must be an object, not 7001'],
    [{ polite: {}, terse: null }, 'the options of endpoints.terse must be an object, not null'],
    [{ polite: {}, terse: { port: '7001' } }, /^endpoints\.terse: port must be .*, not the string "7001"$/],
    [
      { polite: {}, terce: {} },
      'endpoints.terce is for no dialect of two: two speaks polite, terse; did you mean "terse"?',
    ],
    [{ polite: {}, terse: {}, toString: {} }, /^endpoints\.toString is for no dialect of two/],
    ['polite', 'endpoints must be an object with the options of each endpoint, not the string "polite"'],
  ] as const) {
    const rejection = assert.rejects(serve(service, { endpoints } as unknown as ServeOptions), {
      code: 'ERR_OPTION',
      message,
    });
    await rejection;
  }
});

test('an event that there is not, or a subscriber that is no function, is refused', async () => {
  await using server = await serve(echo);
  assert.throws(() => server.events.on('close' as 'closed', () => {}), {
    code: 'ERR_OPTION',
    message: 'there is no event the string "close"; did you mean "closed"?',
  });
  assert.throws(() => server.events.on('closed', undefined as never), {
    code: 'ERR_OPTION',
    message: 'the subscriber of closed must be a function, not undefined',
  });
});

test('a time to drain that is no time is refused, and the server goes on', async () => {
  await using server = await serve(echo);
  for (const value of ['5000', Number.NaN, -1, null, {}]) {
    await assert.rejects(server.drain(value as number), {
      code: 'ERR_OPTION',
      message: `drain: the time must be 0 or more milliseconds, not ${shown(value)}`,
    });
  }
  assert.equal(server.stats().active, 0);
  assert.deepEqual(await server.drain(0), { cut: 0 });
});

test('an address that is none is not written', () => {
  for (const value of [undefined, null, '127.0.0.1:80', {}, { host: '::1' }, { host: '::1', port: '80' }]) {
    assert.throws(() => formatAddress(value as never), {
      code: 'ERR_OPTION',
      message: `the address must be one of a server, { host, port, path }, not ${shown(value)}`,
    });
  }
});
