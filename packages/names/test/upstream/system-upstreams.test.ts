import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { openResolver } from '../../src/resolver/open-resolver.ts';
import type { FileEvent } from '../../src/resolver/watched-file.ts';
import { readResolvConf, systemUpstreams } from '../../src/upstream/resolv-conf.ts';
import { isThisServer } from '../../src/upstream/this-server.ts';
import type { UpstreamAddress } from '../../src/upstream/upstream-address.ts';

async function read(text: string): Promise<readonly UpstreamAddress[]> {
  using folder = new TemporaryFolder();
  writeFileSync(folder.file('resolv.conf'), text);
  return await readResolvConf(folder.file('resolv.conf'));
}

test('the name servers of resolv.conf are read as the C library reads them, with zones, comments and whatever line ends', async () => {
  const text =
    '# comment\n; another\nsearch example.com\nnameserver 192.0.2.1 # first\r\nnameserver\t2001:db8::1\r' +
    'nameserver fe80::1%eth0\nnameserver nonsense\nnameserver 192.0.2.1\nnameservers 192.0.2.9\noptions ndots:2';
  assert.deepEqual(await read(text), [
    { host: '192.0.2.1', port: 53 },
    { host: '2001:db8::1', port: 53 },
    { host: 'fe80::1%eth0', port: 53 },
  ]);
});

test('the option use-vc asks for TCP, wherever it stands', async () => {
  for (const text of [
    'options use-vc\nnameserver 192.0.2.1',
    'nameserver 192.0.2.1\noptions ndots:1 use-vc edns0\n',
  ]) {
    assert.deepEqual(await read(text), [{ host: '192.0.2.1', port: 53, tcp: true }]);
  }
});

test('a file without a name server is an error that says so, and a system without a file has a list', async () => {
  for (const text of ['', 'search example.com\n', 'nameserver\n', 'nameserver localhost\n'])
    await assert.rejects(read(text), /it names no name server/);
  assert.ok(systemUpstreams().every(({ port }) => port > 0));
});

test('the upstreams follow resolv.conf; while it is empty or gone, those that it named are asked', async () => {
  using folder = new TemporaryFolder();
  const resolvConf = folder.file('resolv.conf');
  const events: FileEvent<readonly UpstreamAddress[]>[] = [];
  const reportUpstreams = (event: (typeof events)[number]) => events.push(event);
  const opened = await openResolver({ resolvConf, reportUpstreams });
  const hosts = () => opened.upstreams().map(({ host }) => host);
  try {
    assert.deepEqual(hosts(), ['127.0.0.1'], 'that of this machine, as resolv.conf(5) says');
    assert.deepEqual(
      events.map(({ type }) => type),
      ['kept'],
    );
    writeFileSync(resolvConf, 'nameserver 127.0.0.9\nnameserver 127.0.0.8\n');
    await eventually('it is read', () => hosts().join() === '127.0.0.9,127.0.0.8');
    writeFileSync(resolvConf, '');
    await eventually('it is said', () => events.length === 3);
    assert.deepEqual([hosts(), events.at(-1)?.type], [['127.0.0.9', '127.0.0.8'], 'kept']);
  } finally {
    opened.stop();
  }
});

test('an upstream is this server when it has its port and any of the addresses at which it listens', () => {
  const is = (upstream: string, host: string, port = 53) =>
    isThisServer({ host: upstream, port: 53 }, { host, port });
  for (const [upstream, host] of [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['127.0.0.53', '0.0.0.0'],
    ['127.0.0.1', '::'],
    ['::1', '::'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['0:0:0:0:0:0:0:1', '::1'],
  ] as const) {
    assert.equal(is(upstream, host), true, `${upstream} at ${host}`);
    assert.equal(is(upstream, host, 5353), false, `${upstream} at another port`);
  }
  for (const [upstream, host] of [
    ['127.0.0.2', '127.0.0.1'],
    ['192.0.2.1', '0.0.0.0'],
    ['::1', '0.0.0.0'],
    ['::1', '127.0.0.1'],
    ['2001:db8::1', '::'],
  ] as const) {
    assert.equal(is(upstream, host), false, `${upstream} at ${host}`);
  }
  assert.equal(isThisServer({ host: '127.0.0.53', port: 53 }, undefined), true);
  assert.equal(isThisServer({ host: '192.0.2.1', port: 53 }, undefined), false);
});
