import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@zocalo/test-support/eventually.ts';
import { type Answer, defaultQueryFlags, type QueryFlags } from '../../src/dns/answer.ts';
import { classes, rcodes, types } from '../../src/dns/constants.ts';
import { encodeName } from '../../src/dns/domain-name.ts';
import { dataText } from '../../src/dns/record-text.ts';
import { HostsParser } from '../../src/hosts/hosts-file.ts';
import { Resolver, type ResolverOptions } from '../../src/resolver/resolver.ts';
import { ask, records } from '../support/messages.ts';
import { KnowingUpstream, type Said } from '../support/upstreams.ts';

const SECOND = 1_000;

/** A resolver under a virtual clock, with an upstream that answers as the test sets it. */
class Scene {
  now = 0;
  readonly upstream: KnowingUpstream;
  readonly resolver: Resolver;

  constructor(said: Said, options: Partial<ResolverOptions> = {}) {
    this.upstream = new KnowingUpstream(() => said);
    this.resolver = new Resolver({ upstream: this.upstream, now: () => this.now, ...options });
  }

  async lookup(
    name = 'a.example',
    type: number = types.A,
    queryFlags: Partial<QueryFlags> = {},
  ): Promise<Answer> {
    return this.resolver.lookup(ask(name, type), { ...defaultQueryFlags, ...queryFlags });
  }

  /** How often the upstream was asked. */
  get asked(): number {
    return this.upstream.asked.length;
  }

  stats() {
    return this.resolver.stats();
  }
}

const ttls = ({ answers }: Answer) => answers.map(({ ttl }) => ttl);
const shown = ({ answers }: Answer) => answers.map((record) => `${record.name} ${dataText(record)}`);
const oneAddress = (ttl = 100): Said => ({ answers: [records.a('a.example', ttl, '192.0.2.1')] });
const noName: Said = { rcode: rcodes.NXDOMAIN, authorities: [records.soa('example', 600, 40)] };
const noData: Said = { authorities: [records.soa('example', 30, 400)] };

test('an answer is kept for its TTL, which is counted down, and then asked for again', async () => {
  const scene = new Scene(oneAddress(100));
  assert.equal((await scene.lookup()).source, 'upstream');
  scene.now = 40.9 * SECOND;
  const kept = await scene.lookup();
  assert.deepEqual([kept.source, ttls(kept), shown(kept)], ['cache', [60], ['a.example 192.0.2.1']]);
  scene.now = 100 * SECOND;
  assert.deepEqual([(await scene.lookup()).source, scene.asked], ['upstream', 2]);
});

test('what is known is answered at once, without a promise', async () => {
  const scene = new Scene(oneAddress());
  assert.ok(scene.resolver.lookup(ask('a.example')) instanceof Promise);
  await scene.lookup();
  assert.ok(!(scene.resolver.lookup(ask('a.example')) instanceof Promise));
  assert.ok(!(scene.resolver.lookup(ask('localhost')) instanceof Promise));
});

test('names are kept without regard to case, and answered in the case they are asked', async () => {
  const scene = new Scene(oneAddress());
  assert.deepEqual(shown(await scene.lookup('A.exAmple')), ['A.exAmple 192.0.2.1']);
  const again = await scene.lookup('a.EXAMPLE');
  assert.deepEqual([again.source, shown(again)], ['cache', ['a.EXAMPLE 192.0.2.1']]);
  assert.equal(scene.upstream.asked[0]?.name, 'a.example');
});

test('types are kept apart', async () => {
  const scene = new Scene(oneAddress());
  await scene.lookup();
  await scene.lookup('a.example', types.AAAA);
  assert.equal(scene.asked, 2);
});

test('the shortest TTL of a chain of CNAMEs decides, and the chain is kept whole', async () => {
  const chain = [
    records.cname('a.example', 50, 'b.example'),
    records.cname('b.example', 10, 'c.example'),
    records.a('c.example', 300, '192.0.2.3'),
  ];
  const scene = new Scene({ answers: chain });
  await scene.lookup();
  scene.now = 9 * SECOND;
  const kept = await scene.lookup();
  assert.deepEqual(ttls(kept), [41, 1, 291]);
  assert.deepEqual(shown(kept), ['a.example b.example.', 'b.example c.example.', 'c.example 192.0.2.3']);
  scene.now = 10 * SECOND;
  assert.equal((await scene.lookup()).source, 'upstream');
});

test('records that are no part of the answer are dropped', async () => {
  const scene = new Scene({
    answers: [
      records.a('bank.example', 100, '192.0.2.66'),
      records.cname('a.example', 100, 'b.example'),
      records.a('b.example', 100, '192.0.2.2'),
      { ...records.a('b.example', 100, '192.0.2.7'), class: classes.CH },
    ],
    authorities: [records.of('example', types.NS, 100, Buffer.alloc(1))],
  });
  const answer = await scene.lookup();
  assert.deepEqual(shown(answer), ['a.example b.example.', 'b.example 192.0.2.2']);
  assert.deepEqual(answer.authorities, []);
});

test('a chain of aliases is answered whole, however long it is', async () => {
  for (const aliases of [16, 100]) {
    const chain = Array.from({ length: aliases }, (_, i) =>
      records.cname(`n${i}.example`, 60, `n${i + 1}.example`),
    );
    const scene = new Scene({ answers: [...chain, records.a(`n${aliases}.example`, 60, '192.0.2.1')] });
    const answer = await scene.lookup('n0.example');
    assert.deepEqual([answer.rcode, answer.answers.length, scene.asked], [rcodes.NOERROR, aliases + 1, 1]);
    assert.equal(shown(answer).at(-1), `n${aliases}.example 192.0.2.1`);
  }
});

test('records that come in another order are put into that of the chain', async () => {
  const answers = [
    records.a('c.example', 60, '192.0.2.1'),
    records.cname('b.other', 60, 'c.example'),
    records.a('c.example', 60, '192.0.2.2'),
    records.cname('a.example', 60, 'b.example'),
    records.cname('b.example', 60, 'b.other'),
    records.of('other', types.DNAME, 60, encodeName('elsewhere')),
  ];
  const scene = new Scene({ answers });
  assert.deepEqual(shown(await scene.lookup()), [
    'a.example b.example.',
    'b.example b.other.',
    'other elsewhere.',
    'b.other c.example.',
    'c.example 192.0.2.1',
    'c.example 192.0.2.2',
  ]);
});

test('where an upstream breaks off a chain of aliases it is asked on', async () => {
  const scene = new Scene({});
  scene.upstream.says = ({ name }) =>
    name === 'd.example'
      ? { answers: [records.a(name, 60, '192.0.2.4')] }
      : { answers: [records.cname(name, 60, `${String.fromCharCode(name.charCodeAt(0) + 1)}.example`)] };
  const answer = await scene.lookup();
  assert.equal(shown(answer).at(-1), 'd.example 192.0.2.4');
  assert.deepEqual([answer.answers.length, scene.asked], [4, 4]);
  assert.equal((await scene.lookup()).source, 'cache');
});

test('a chain of which a piece cannot be had is a failure, and so is one that never ends', async () => {
  const scene = new Scene({});
  scene.upstream.says = ({ name }) => {
    scene.upstream.down = true;
    return { answers: [records.cname(name, 60, 'b.example')] };
  };
  assert.deepEqual([(await scene.lookup()).rcode, scene.asked], [rcodes.SERVFAIL, 2]);
  const endless = new Scene({});
  endless.upstream.says = ({ name }) => ({ answers: [records.cname(name, 60, `x${name}`)] });
  const answer = await endless.lookup();
  assert.deepEqual([answer.rcode, endless.asked], [rcodes.SERVFAIL, 16]);
  assert.match(answer.reason ?? '', /breaks off the chain of aliases/);
});

test('CNAMEs in a circle are an answer without data', async () => {
  const scene = new Scene({
    answers: [records.cname('a.example', 9, 'b.example'), records.cname('b.example', 9, 'a.example')],
  });
  const answer = await scene.lookup();
  assert.deepEqual([answer.rcode, answer.answers.length], [rcodes.NOERROR, 2]);
});

test('a name that does not exist is kept for the smaller of the TTL and the MINIMUM of the SOA', async () => {
  const scene = new Scene(noName);
  await scene.lookup();
  scene.now = 39 * SECOND;
  const kept = await scene.lookup();
  assert.deepEqual([kept.rcode, kept.source, kept.authorities[0]?.ttl], [rcodes.NXDOMAIN, 'cache', 1]);
  scene.now = 40 * SECOND;
  assert.equal((await scene.lookup()).source, 'upstream');
  assert.equal(scene.stats().negative, 1);
});

test('a name without data of the type is kept apart from one that does not exist', async () => {
  const scene = new Scene(noData);
  await scene.lookup();
  scene.upstream.says = () => noName;
  await scene.lookup('a.example', types.MX);
  scene.now = 29 * SECOND;
  assert.equal((await scene.lookup()).rcode, rcodes.NOERROR);
  assert.equal((await scene.lookup('a.example', types.MX)).rcode, rcodes.NXDOMAIN);
  assert.equal(scene.asked, 2);
  scene.now = 30 * SECOND;
  await scene.lookup();
  assert.equal(scene.asked, 3);
});

test('a name that does not exist has no records of any type, until it is there', async () => {
  const scene = new Scene(noName);
  await scene.lookup();
  scene.now = 10 * SECOND;
  const other = await scene.lookup('A.example', types.MX);
  assert.deepEqual([other.rcode, other.source, other.authorities[0]?.ttl], [rcodes.NXDOMAIN, 'cache', 30]);
  assert.deepEqual([scene.asked, scene.stats().cacheEntries], [1, 1]);
  scene.now = 40 * SECOND;
  scene.upstream.says = () => oneAddress(100);
  await scene.lookup();
  scene.upstream.down = true;
  assert.equal((await scene.lookup('a.example', types.MX)).source, 'failure');
});

test('that the end of a chain does not exist is known for that type alone', async () => {
  const scene = new Scene({ ...noName, answers: [records.cname('a.example', 20, 'b.example')] });
  assert.equal((await scene.lookup()).rcode, rcodes.NXDOMAIN);
  await scene.lookup('a.example', types.CNAME);
  assert.equal(scene.asked, 2);
});

test('a negative answer at the end of a chain keeps the chain', async () => {
  const scene = new Scene({ answers: [records.cname('a.example', 20, 'b.example')], ...noData });
  await scene.lookup();
  scene.now = 19 * SECOND;
  const kept = await scene.lookup();
  assert.deepEqual([shown(kept), ttls(kept), kept.authorities[0]?.ttl], [['a.example b.example.'], [1], 11]);
  assert.equal(scene.asked, 1);
  scene.now = 20 * SECOND;
  assert.equal((await scene.lookup()).source, 'upstream');
});

test('a negative answer without an SOA is not kept, nor one with a TTL of 0', async () => {
  for (const said of [{ rcode: rcodes.NXDOMAIN }, {}, oneAddress(0)]) {
    const scene = new Scene(said);
    await scene.lookup();
    await scene.lookup();
    assert.equal(scene.asked, 2);
    assert.equal(scene.stats().cacheEntries, 0);
  }
});

test('nothing is kept for more than a day, nor a negative answer for more than an hour', async () => {
  const day = 86_400;
  const scene = new Scene(oneAddress(0x7fff_ffff));
  assert.deepEqual(ttls(await scene.lookup()), [day]);
  scene.now = day * SECOND;
  assert.equal((await scene.lookup()).source, 'upstream');
  scene.upstream.says = () => ({ rcode: rcodes.NXDOMAIN, authorities: [records.soa('example', day, day)] });
  assert.equal((await scene.lookup('no.example')).authorities[0]?.ttl, 3_600);
});

test('a question that many have is asked once while it is in flight', async () => {
  const scene = new Scene(oneAddress());
  const gate = Promise.withResolvers<void>();
  scene.upstream.gate = gate.promise;
  const answers = ['a.example', 'A.example', 'a.exampLE'].map((name) => scene.lookup(name));
  gate.resolve();
  assert.deepEqual((await Promise.all(answers)).flatMap(shown), [
    'a.example 192.0.2.1',
    'A.example 192.0.2.1',
    'a.exampLE 192.0.2.1',
  ]);
  assert.deepEqual([scene.asked, scene.stats().misses], [1, 3]);
});

test('when no upstream answers, an old answer is given with a TTL of 30, and no upstream is asked for 30 s', async () => {
  const scene = new Scene(oneAddress(100));
  await scene.lookup();
  scene.upstream.down = true;
  scene.now = 5_000 * SECOND;
  const stale = await scene.lookup();
  assert.deepEqual([stale.source, stale.reason, ttls(stale)], ['stale', 'it is down', [30]]);
  scene.now += 29 * SECOND;
  const again = scene.resolver.lookup(ask('a.example'));
  assert.ok(!(again instanceof Promise));
  assert.deepEqual([again.source, again.reason, scene.asked], ['stale', 'it is down', 2]);
  scene.now += SECOND;
  assert.deepEqual([(await scene.lookup()).source, scene.asked], ['stale', 3]);
  assert.equal(scene.stats().stale, 3);
  scene.upstream.down = false;
  scene.now += 30 * SECOND;
  assert.deepEqual([(await scene.lookup()).source, (await scene.lookup()).source], ['upstream', 'cache']);
});

test('an old negative answer is given as well', async () => {
  const scene = new Scene(noName);
  await scene.lookup();
  scene.upstream.down = true;
  scene.now = 1_000 * SECOND;
  const stale = await scene.lookup();
  assert.deepEqual([stale.source, stale.rcode, stale.authorities[0]?.ttl], ['stale', rcodes.NXDOMAIN, 30]);
});

test('an answer that is too old is not given', async () => {
  const scene = new Scene(oneAddress(100), { maxStaleMs: 1_000 * SECOND });
  await scene.lookup();
  scene.upstream.down = true;
  scene.now = 1_099 * SECOND;
  assert.equal((await scene.lookup()).source, 'stale');
  scene.now = 1_200 * SECOND;
  const failed = await scene.lookup();
  assert.deepEqual([failed.source, failed.rcode, failed.reason], ['failure', rcodes.SERVFAIL, 'it is down']);
});

test('an answer that may not be kept takes the place of an old one', async () => {
  const scene = new Scene(oneAddress(100));
  await scene.lookup();
  scene.now = 100 * SECOND;
  scene.upstream.says = () => oneAddress(0);
  await scene.lookup();
  scene.upstream.down = true;
  assert.equal((await scene.lookup()).source, 'failure');
});

test('an upstream that is slow is not waited for when there is an old answer; the new one is kept when it comes', async () => {
  const scene = new Scene(oneAddress(100), { staleTimeoutMs: 20 });
  await scene.lookup();
  scene.now = 200 * SECOND;
  const gate = Promise.withResolvers<void>();
  scene.upstream.gate = gate.promise;
  assert.equal((await scene.lookup()).source, 'stale');
  gate.resolve();
  await eventually('the new answer is kept', async () => (await scene.lookup()).source === 'cache');
  assert.equal(scene.asked, 2);
});

test('an answer that comes when no client waits any more is kept for the next question', async () => {
  const scene = new Scene(oneAddress(100), { clientTimeoutMs: 20 });
  const gate = Promise.withResolvers<void>();
  scene.upstream.gate = gate.promise;
  const failed = await scene.lookup();
  assert.deepEqual([failed.rcode, failed.reason], [rcodes.SERVFAIL, 'the upstream did not answer in time']);
  assert.equal((await scene.lookup()).rcode, rcodes.SERVFAIL);
  gate.resolve();
  await eventually('it is kept', async () => (await scene.lookup()).source === 'cache');
  assert.equal(scene.asked, 1);
});

test('without recursion what is known is answered, and no upstream is asked', async () => {
  const scene = new Scene(oneAddress(100));
  const unknown = await scene.lookup('a.example', types.A, { recursion: false });
  assert.deepEqual([unknown.rcode, unknown.extendedError, scene.asked], [rcodes.REFUSED, 20, 0]);
  assert.equal((await scene.lookup('localhost', types.A, { recursion: false })).rcode, rcodes.NOERROR);
  for (const second of [0, 90, 95, 98]) {
    scene.now = second * SECOND;
    await scene.lookup('a.example', types.A, { recursion: second === 0 });
  }
  assert.deepEqual([scene.stats().hits, scene.asked], [3, 1]);
  scene.now = 100 * SECOND;
  assert.equal((await scene.lookup('a.example', types.A, { recursion: false })).rcode, rcodes.REFUSED);
});

test('answers unchecked and with signatures are asked for so, and kept apart', async () => {
  const scene = new Scene(oneAddress(100));
  for (const checkingDisabled of [false, true])
    for (const dnssec of [false, true])
      for (const source of ['upstream', 'cache']) {
        const answer = await scene.lookup('a.example', types.A, { checkingDisabled, dnssec });
        assert.equal(answer.source, source);
      }
  assert.deepEqual(
    scene.upstream.allQueryFlags.map(({ checkingDisabled, dnssec }) => [checkingDisabled, dnssec]),
    [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ],
  );
});

test('signatures come along, and what proves that there is nothing', async () => {
  const signature = (name: string, covered: number) =>
    records.of(name, types.RRSIG, 50, Buffer.from([covered >> 8, covered & 255, 8, 2]));
  const nsec = records.of('example', types.NSEC, 50, Buffer.from([0]));
  const chain = [
    records.cname('a.example', 60, 'b.example'),
    signature('a.example', types.CNAME),
    records.a('b.example', 60, '192.0.2.1'),
    signature('b.example', types.A),
  ];
  const positive = new Scene({ answers: chain, authorities: [nsec, signature('example', types.NSEC)] });
  const found = await positive.lookup('a.example', types.A, { dnssec: true });
  assert.deepEqual(
    found.answers.map(({ type }) => type),
    [types.CNAME, types.RRSIG, types.A, types.RRSIG],
  );
  assert.deepEqual(
    found.authorities.map(({ type }) => type),
    [types.NSEC, types.RRSIG],
  );
  const negative = new Scene({
    ...noName,
    authorities: [
      records.soa('example', 600, 40),
      signature('example', types.SOA),
      nsec,
      signature('example', types.NSEC),
      records.of('example', types.NS, 60, encodeName('ns.example')),
      signature('example', types.NS),
    ],
  });
  const none = await negative.lookup('a.example', types.A, { dnssec: true });
  assert.deepEqual(
    none.authorities.map(({ type, ttl }) => [type, ttl]),
    [types.SOA, types.RRSIG, types.NSEC, types.RRSIG].map((type) => [type, 40]),
  );
});

test('a failure is remembered for 5 s', async () => {
  const scene = new Scene(oneAddress());
  scene.upstream.down = true;
  const failed = await scene.lookup();
  assert.deepEqual([failed.source, failed.rcode, failed.reason], ['failure', rcodes.SERVFAIL, 'it is down']);
  scene.upstream.down = false;
  scene.now = 4.9 * SECOND;
  assert.equal((await scene.lookup()).reason, 'it is down');
  assert.equal(scene.asked, 1);
  scene.now = 5 * SECOND;
  assert.equal((await scene.lookup()).source, 'upstream');
  assert.equal(scene.stats().failures, 2);
});

test('a popular name is asked for again in the last tenth of its life, once, while the old answer is given', async () => {
  const scene = new Scene(oneAddress(100));
  await scene.lookup();
  for (const second of [10, 20, 89]) {
    scene.now = second * SECOND;
    await scene.lookup();
  }
  assert.equal(scene.asked, 1);
  const gate = Promise.withResolvers<void>();
  scene.upstream.gate = gate.promise;
  scene.now = 91 * SECOND;
  for (let time = 0; time < 3; time++) {
    assert.deepEqual([(await scene.lookup()).source, ttls(await scene.lookup())], ['cache', [9]]);
  }
  assert.deepEqual([scene.asked, scene.stats().prefetches], [2, 1]);
  gate.resolve();
  await eventually('the new answer has its whole life', async () => ttls(await scene.lookup())[0] === 100);
});

test('a name that is hardly asked for is not asked for again before its end', async () => {
  const scene = new Scene(oneAddress(100));
  await scene.lookup();
  scene.now = 95 * SECOND;
  await scene.lookup();
  await scene.lookup();
  assert.deepEqual([scene.asked, scene.stats().prefetches], [1, 0]);
});

test('when asking again early fails, the answer is given to its end and beyond', async () => {
  const scene = new Scene(oneAddress(100));
  await scene.lookup();
  scene.upstream.down = true;
  scene.now = 95 * SECOND;
  for (let time = 0; time < 4; time++) assert.equal((await scene.lookup()).source, 'cache');
  scene.now = 101 * SECOND;
  assert.deepEqual([(await scene.lookup()).source, scene.asked], ['stale', 2]);
});

test('the hosts table comes before everything, and what it has is not asked for elsewhere', async () => {
  const parser = new HostsParser();
  parser.add('192.0.2.9 a.example localhost\n192.168.1.1 router\n');
  const { table } = parser.end();
  const scene = new Scene(oneAddress(), { hosts: () => table });
  const answer = await scene.lookup();
  assert.deepEqual(
    [answer.source, answer.authoritative, shown(answer)],
    ['hosts', true, ['a.example 192.0.2.9']],
  );
  assert.deepEqual((await scene.lookup('a.example', types.AAAA)).answers, []);
  assert.deepEqual(shown(await scene.lookup('localhost')), ['localhost 192.0.2.9']);
  assert.deepEqual(shown(await scene.lookup('1.1.168.192.in-addr.arpa', types.PTR)), [
    '1.1.168.192.in-addr.arpa router.',
  ]);
  assert.deepEqual([scene.asked, scene.stats().hostsNames], [0, 3]);
});

test('special names are never asked for elsewhere', async () => {
  const scene = new Scene(oneAddress());
  const say = async (name: string, type: number = types.A) => {
    const answer = await scene.lookup(name, type);
    assert.deepEqual([answer.source, answer.authoritative], ['special', true]);
    return [answer.rcode, shown(answer)];
  };
  assert.deepEqual(await say('LocalHost'), [0, ['LocalHost 127.0.0.1']]);
  assert.deepEqual(await say('db.localhost', types.AAAA), [0, ['db.localhost ::1']]);
  assert.deepEqual(await say('1.0.0.127.in-addr.arpa', types.PTR), [
    0,
    ['1.0.0.127.in-addr.arpa localhost.'],
  ]);
  assert.deepEqual(await say('localhost', types.MX), [0, []]);
  assert.deepEqual(await say('0.0.127.in-addr.arpa'), [0, []]);
  for (const name of [
    'a.test',
    'a.b.invalid',
    'x.onion',
    '1.0.0.10.in-addr.arpa',
    '1.20.172.in-addr.arpa',
    'a.d.f.ip6.arpa',
  ]) {
    assert.deepEqual(await say(name), [rcodes.NXDOMAIN, []], name);
  }
  assert.equal(scene.asked, 0);
  for (const name of ['localhost.example', 'nolocalhost', '1.15.172.in-addr.arpa', 'arpa', '.', 'contest'])
    await scene.lookup(name);
  assert.equal(scene.asked, 6);
});

test('names of private networks are forwarded when that is wanted, and those of no network are not', async () => {
  const zones = ['1.0.0.10', '1.20.172', '1.168.192', '1.254.169', '1.64.100'].map(
    (name) => `${name}.in-addr.arpa`,
  );
  const ofNetworks = [...zones, 'a.d.f.ip6.arpa', '0.8.e.f.ip6.arpa', 'tv.home.arpa'];
  const ofNoNetwork = [
    '1.0.0.127.in-addr.arpa',
    '0.in-addr.arpa',
    '1.2.0.192.in-addr.arpa',
    'a.test',
    'x.onion',
  ];
  const scene = new Scene({}, { forwardPrivate: true });
  scene.upstream.says = ({ name }) => ({
    answers: [records.of(name, types.PTR, 60, encodeName('host.lan'))],
  });
  for (const name of ofNetworks)
    assert.deepEqual(shown(await scene.lookup(name, types.PTR)), [`${name} host.lan.`]);
  assert.equal(scene.asked, ofNetworks.length);
  for (const name of ofNoNetwork) assert.equal((await scene.lookup(name, types.PTR)).source, 'special');
});

test('under resolver.arpa every name is there, and has nothing to say', async () => {
  const scene = new Scene(oneAddress());
  for (const name of ['resolver.arpa', '_dns.resolver.arpa', 'a.b.Resolver.ARPA'])
    for (const type of [64, types.A, types.TXT]) {
      const answer = await scene.lookup(name, type);
      assert.deepEqual([answer.rcode, answer.answers, answer.authorities[0]?.type], [0, [], types.SOA]);
    }
  assert.equal(scene.asked, 0);
});

test('what is no record of the internet is refused', async () => {
  const scene = new Scene(oneAddress());
  const rcode = async (type: number, ofClass: number = classes.IN) =>
    (await scene.resolver.lookup({ name: 'version.bind', type, class: ofClass })).rcode;
  assert.equal(await rcode(types.TXT, classes.CH), rcodes.REFUSED);
  assert.equal(await rcode(types.A, classes.ANY), rcodes.REFUSED);
  for (const type of [types.AXFR, types.IXFR]) assert.equal(await rcode(type), rcodes.REFUSED);
  for (const type of [types.OPT, types.TSIG, types.TKEY, types.MAILA, types.MAILB, 128, 248]) {
    assert.equal(await rcode(type), rcodes.FORMERR);
  }
  assert.equal(scene.asked, 0);
});

test('the cache is bounded: the name that was asked for least recently is asked for again', async () => {
  const scene = new Scene(oneAddress(), { cacheEntries: 2 });
  scene.upstream.says = ({ name }) => ({ answers: [records.a(name, 100, '192.0.2.1')] });
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await scene.lookup(name);
  assert.deepEqual(
    scene.upstream.asked.map(({ name }) => name),
    ['a', 'b', 'c', 'b'],
  );
});
