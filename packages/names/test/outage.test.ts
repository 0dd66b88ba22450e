import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { assertNothingLeft } from '@zocalo/test-support/leftovers.ts';
import { startUnbound } from '@zocalo/test-support/name-servers.ts';
import { without } from '@zocalo/test-support/programs.ts';
import { OptionError } from 'zocalo';
import { rcodes, types } from '../src/dns/constants.ts';
import { dataText } from '../src/dns/record-text.ts';
import type { HostsFile } from '../src/hosts/hosts-file.ts';
import { openResolver } from '../src/resolver/open-resolver.ts';
import { Resolver } from '../src/resolver/resolver.ts';
import type { FileEvent } from '../src/resolver/watched-file.ts';
import { parseUpstream } from '../src/upstream/upstream-address.ts';
import { Upstreams } from '../src/upstream/upstreams.ts';
import { ask } from './support/messages.ts';
import { zones } from './support/same-world.ts';

const skip = without('unbound');

test('when the upstream dies, what it said is still answered, and what it did not say fails with a reason', {
  skip,
}, async () => {
  await using unbound = await startUnbound({ zones });
  await using spare = await startUnbound({ zones });
  let skipped = 0;
  const upstream = new Upstreams({ addresses: [parseUpstream(unbound.upstream)] });
  const resolver = new Resolver({ upstream, now: () => performance.now() + skipped });
  const alias = async () => resolver.lookup(ask('alias2.example.com'));
  assert.equal((await alias()).source, 'upstream');
  assert.equal((await resolver.lookup(ask('nowhere.example.com'))).rcode, rcodes.NXDOMAIN);
  await unbound[Symbol.asyncDispose]();
  assert.equal((await alias()).source, 'cache');
  skipped = 3_600_000;
  const stale = await alias();
  assert.equal(stale.source, 'stale');
  assert.match(stale.reason ?? '', /could not be asked \(ECONNREFUSED\)/);
  assert.deepEqual([...new Set(stale.answers.map(({ ttl }) => ttl))], [30]);
  assert.deepEqual(stale.answers.map(dataText).slice(0, 2), ['alias.example.com.', 'www.example.com.']);
  const gone = await resolver.lookup(ask('nowhere.example.com'));
  assert.deepEqual([gone.source, gone.rcode], ['stale', rcodes.NXDOMAIN]);
  const unknown = await resolver.lookup(ask('mail.example.com'));
  assert.deepEqual([unknown.source, unknown.rcode], ['failure', rcodes.SERVFAIL]);
  assert.match(unknown.reason ?? '', /ECONNREFUSED/);

  const withSpare = new Upstreams({ addresses: [unbound.upstream, spare.upstream].map(parseUpstream) });
  const { answers } = await withSpare.ask(ask('mail.example.com'));
  assert.deepEqual(answers.map(dataText), ['192.0.2.25']);
});

test('a resolver of a hosts file and an upstream follows the file, and leaves nothing when it is stopped', {
  skip,
}, async () => {
  using folder = new TemporaryFolder();
  const path = folder.file('hosts');
  writeFileSync(path, '10.0.0.1 mine.lan\nbad\n');
  await using unbound = await startUnbound({ zones });
  await assertNothingLeft(async () => {
    const events: FileEvent<HostsFile>[] = [];
    const { resolver, stop } = await openResolver({
      hosts: path,
      upstreams: [unbound.upstream],
      report: (event) => events.push(event),
    });
    assert.deepEqual(
      events.map((event) => event.type === 'loaded' && event.content.warningCount),
      [1],
    );
    const say = async (name: string) =>
      (await resolver.lookup(ask(name, types.A))).answers.map(dataText).join();
    assert.equal(await say('mine.lan'), '10.0.0.1');
    assert.equal(await say('six.example.com'), '');
    assert.equal(await say('mail.example.com'), '192.0.2.25');
    writeFileSync(path, '10.0.0.2 mine.lan\n10.0.0.3 mail.example.com\n');
    await eventually('the file is read again', async () => (await say('mine.lan')) === '10.0.0.2');
    assert.equal(await say('mail.example.com'), '10.0.0.3');
    stop();
    const late = await resolver.lookup(ask('www.example.com'));
    assert.deepEqual([late.source, late.rcode], ['failure', rcodes.SERVFAIL]);
  });
});

test('a hosts file that cannot be read, and an upstream that is no address, are errors that say so', async () => {
  await assert.rejects(openResolver({ hosts: '/nowhere/hosts' }), (error) => {
    assert.ok(error instanceof OptionError);
    assert.match(error.message, /the hosts file \/nowhere\/hosts cannot be read: ENOENT/);
    return true;
  });
  await assert.rejects(openResolver({ upstreams: ['example.com'] }), OptionError);
});
